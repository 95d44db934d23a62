//! Counter: one atomic that only grows; a drain publishes the growth.

use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Counter {
    total: AtomicU64,
    /// The total at the last drain; only the drain touches it.
    published: AtomicU64,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self {
            total: AtomicU64::new(0),
            published: AtomicU64::new(0),
        }
    }

    pub(crate) fn increment(&self, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
    }

    /// Lifts the total to `total`, if it is not there already.
    pub(crate) fn absolute(&self, total: u64) {
        self.total.fetch_max(total, Ordering::Relaxed);
    }

    /// The growth since the last drain. Only ever one caller at a time.
    pub(crate) fn drain(&self) -> u64 {
        let total = self.total.load(Ordering::Acquire);
        let published = self.published.load(Ordering::Relaxed);
        self.published.store(total, Ordering::Relaxed);
        total.wrapping_sub(published)
    }
}
