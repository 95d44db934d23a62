//! The handle of what has no series: it counts what it drops.

use crate::sync::{AtomicU64, Ordering};
use metrics::{CounterFn, GaugeFn, HistogramFn};

/// Samples that were dropped: a counter's increments added up, a histogram's samples, a gauge's updates.
#[derive(Debug, Default)]
pub(crate) struct Dropped(AtomicU64);

impl Dropped {
    pub(super) fn count(&self, samples: u64) {
        // The closure never gives up. A count stops at the greatest number, rather than start again.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                Some(count.saturating_add(samples))
            });
    }

    /// What was dropped since the last call.
    pub(crate) fn take(&self) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            // A swap would take the cache line every time.
            0 => 0,
            _ => self.0.swap(0, Ordering::Relaxed),
        }
    }
}

impl CounterFn for Dropped {
    fn increment(&self, value: u64) {
        self.count(value);
    }

    fn absolute(&self, _: u64) {
        self.count(1);
    }
}

impl GaugeFn for Dropped {
    fn increment(&self, _: f64) {
        self.count(1);
    }

    fn decrement(&self, _: f64) {
        self.count(1);
    }

    fn set(&self, _: f64) {
        self.count(1);
    }
}

impl HistogramFn for Dropped {
    fn record(&self, _: f64) {
        self.count(1);
    }

    fn record_many(&self, _: f64, count: usize) {
        self.count(count as u64);
    }
}
