//! The drop guard on a histogram that the caller holds.

use crate::clock::Start;
use crate::scope::Scope;
use crate::unit::TimeUnit;
use metrics::Histogram;
use std::time::Duration;

/// Records the time from its making to its end into a histogram that the caller holds.
///
/// [`Timer::start`](crate::Timer::start) makes it. It costs two clock reads and the record: nothing is looked up, and
/// nothing is described. It records when it is dropped, as a [`Timer`](crate::Timer) does.
///
/// Bind it to a name: with `let _ = Timer::start(&histogram)` it is dropped at once and times nothing.
#[derive(Debug)]
#[must_use = "it records when it is dropped: bind it to a name; `let _ =` drops at once"]
pub struct HeldTimer<'a> {
    /// Nothing if it has been recorded, or must not be.
    histogram: Option<&'a Histogram>,
    unit: TimeUnit,
    started: Start,
    /// Dropped after the record, as a field is.
    _scope: Scope,
}

impl<'a> HeldTimer<'a> {
    #[inline]
    pub(crate) fn new(histogram: &'a Histogram) -> Self {
        Self {
            histogram: Some(histogram),
            unit: TimeUnit::default(),
            _scope: Scope::open(),
            // Last, so that nothing of our own is timed.
            started: Start::now(),
        }
    }

    /// Records now, and gives what was recorded; zero on a target without a clock, where nothing is recorded.
    #[inline]
    pub fn stop(mut self) -> Duration {
        self.finish()
    }

    /// Ends without recording anything.
    pub fn discard(mut self) {
        self.histogram = None;
    }

    /// How long it has been running; zero on a target without a clock. It goes on.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed().unwrap_or_default()
    }

    /// Records in another unit; milliseconds if this is not called.
    ///
    /// It must be the unit that the histogram was described with: this guard describes nothing.
    #[inline]
    pub fn record_in(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    #[inline]
    fn finish(&mut self) -> Duration {
        let Some(elapsed) = self.started.elapsed() else {
            return Duration::ZERO;
        };
        // Taken before the record: if the recorder panics, the drop that follows must not ask it again.
        if let Some(histogram) = self.histogram.take() {
            histogram.record(self.unit.of(elapsed));
        }
        elapsed
    }
}

impl Drop for HeldTimer<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.histogram.is_some() {
            self.finish();
        }
    }
}
