//! The source files of what threads share, compiled against loom's types, and models that run them.
//!
//! `cargo test -p loom-models` explores the interleavings.

// The sources are here for their aggregates alone, and a model panics when it finds a fault.
#![allow(dead_code, unreachable_pub, clippy::missing_panics_doc)]

#[path = "../../src/aggregate/mod.rs"]
mod aggregate;
#[path = "../../src/exporter/inbox.rs"]
mod inbox;
#[path = "../../src/limits.rs"]
mod limits;

/// Stands for `src/sync.rs`.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
    pub(crate) use loom::thread::yield_now;

    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    /// The models look by themselves; that Tokio wakes whoever waits is Tokio's to prove.
    pub(crate) struct Notify;

    #[allow(clippy::unused_self, clippy::unused_async)]
    impl Notify {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn notify_one(&self) {}

        pub(crate) async fn notified(&self) {}
    }
}

pub mod counter;
pub mod gauge;
pub mod histogram;
#[path = "inbox.rs"]
pub mod inbox_models;

/// Explores all interleavings that need no more than so many preemptions.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
