//! Time and count functions for the [`metrics`] facade, in applications and in libraries.
//!
//! ```
//! use metrics_timeit::{attr, timeit};
//!
//! #[attr::timeit("api", "HTTP Method" => "GET", outcome)]
//! #[attr::count("requests", "route" => route)]
//! fn handle(route: &str) -> Result<u8, std::num::ParseIntError> {
//!     let _timer = timeit!("parse");
//!     route.parse()
//! }
//! # let _ = handle("7");
//! ```
//!
//! - [`timeit!`] gives a [`Timer`] that records the elapsed **milliseconds** into a histogram when it is
//!   dropped: at the end of the block, by `?`, a panic, or a cancelled future.
//! - [`Timer::start`] does it for a histogram that you hold.
//! - [`#[timeit]`](attr::timeit) and [`#[count]`](attr::count) do it for a whole function.
//! - [`on_idle`] tells when the last open scope of the process has closed, so that an exporter can
//!   publish then; [`uncounted`] keeps the exporter's own work out of that.
//!
//! It knows nothing of where the numbers go, and depends on `metrics` and its own macros alone.
//!
//! # Panics are counted, too
//!
//! A function that panics, or a future that is dropped, is timed and counted like any other. For the
//! reading in which only success counts, as in the Python library cloudwatch-metrics-buffer, write
//! `on_success`.
//!
//! # What it costs
//!
//! [`timeit!`] and the attributes ask the recorder of the moment each time, local or global, as the macros of `metrics`
//! do. A time costs two clock reads and one `histogram!` that names unit and description; a count costs one `counter!`.
//! With a name and labels that are literals nothing is allocated.
//!
//! For hot code, hold the histogram: [`Timer::start(&histogram)`](Timer::start) costs two clock reads and the record.
//!
//! # Targets
//!
//! metrics-timeit compiles wherever `metrics` does. On wasm32-unknown-unknown, where the standard library has no clock,
//! nothing is timed: timers and [`#[timeit]`](attr::timeit) record nothing. [`#[count]`](attr::count) and [`on_idle`]
//! work there. Tests run on x86-64 Linux only; the README names the targets that CI compiles for.
//!
//! # Through another crate
//!
//! The attributes find this crate by its name, `metrics_timeit`: as a dependency, or imported from a crate that
//! re-exports it, as in `use metrics_exporter_cloudwatch::metrics_timeit::{self, attr::timeit};`. By any other
//! name, write `#[timeit("api", crate = path)]`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// What the README shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(hidden)]
#[allow(missing_docs)]
#[path = "private.rs"]
pub mod __private;
pub mod attr;
mod clock;
mod held;
mod macros;
mod metric;
mod outcome;
mod scope;
mod timer;
mod unit;
mod watch;

pub use held::HeldTimer;
pub use outcome::Outcome;
pub use scope::{Subscription, on_idle, uncounted};
pub use timer::Timer;
pub use unit::TimeUnit;
