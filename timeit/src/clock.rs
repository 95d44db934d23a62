//! The clock: the standard library's, or none.

use std::time::{Duration, Instant};

/// `Instant::now` panics on wasm32-unknown-unknown. The second cfg is for the tests, which run on a target that has a clock.
const HAS_CLOCK: bool = cfg!(not(any(
    all(target_family = "wasm", target_os = "unknown"),
    metrics_timeit_without_clock
)));

/// The moment at which a measure began; nothing on a target without a clock.
#[derive(Debug, Clone, Copy)]
pub struct Start(Option<Instant>);

impl Start {
    /// Reads the clock.
    #[inline]
    pub fn now() -> Self {
        Self(HAS_CLOCK.then(Instant::now))
    }

    /// Reads the clock again.
    #[inline]
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.0.map(|started| started.elapsed())
    }
}
