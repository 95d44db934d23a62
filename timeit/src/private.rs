//! What the macros expand to. No part of the public interface: it changes with them.

pub use crate::clock::Start;
pub use crate::metric::{CounterSite, DynamicCounter, DynamicHistogram, HistogramSite, Metric};
pub use crate::watch::{Any, Anything, Prepared, Returned, Said, Watch, call, is_ok, outcome};
pub use metrics::{Key, Label, Level, Metadata, Unit};

use crate::timer::Timer;
use std::fmt::Display;

#[inline]
pub fn timer(site: &'static HistogramSite) -> Timer {
    Timer::at(site)
}

pub fn dynamic_timer(histogram: DynamicHistogram) -> Timer {
    Timer::dynamic(histogram)
}

/// A label's value from an argument, which stays where it is.
pub fn text(value: &(impl Display + ?Sized)) -> String {
    value.to_string()
}

/// An `unsafe fn`, which the tests' own lints forbid.
///
/// ```
/// use metrics_timeit::attr::{count, timeit};
///
/// /// # Safety
/// /// `pointer` is valid.
/// #[timeit("read", outcome)]
/// #[count("reads", "value" => unsafe { *pointer })]
/// unsafe fn read(pointer: *const u8) -> Option<u8> {
///     unsafe { pointer.as_ref() }.copied()
/// }
///
/// /// # Safety
/// /// `pointer` is valid, for longer than the future.
/// #[timeit(on_success)]
/// async unsafe fn read_later(pointer: *const u8) -> u8 {
///     unsafe { *pointer }
/// }
///
/// assert_eq!(unsafe { read(&7) }, Some(7));
/// drop(unsafe { read_later(&7) });
/// ```
#[cfg(doctest)]
struct UnsafeFunctions;
