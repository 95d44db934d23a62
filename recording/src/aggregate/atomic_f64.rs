//! A 64-bit float in an atomic.

use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(crate) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> f64 {
        f64::from_bits(self.0.load(order))
    }

    #[inline]
    pub(crate) fn store(&self, value: f64, order: Ordering) {
        self.0.store(value.to_bits(), order);
    }

    #[inline]
    pub(crate) fn swap(&self, value: f64, order: Ordering) -> f64 {
        f64::from_bits(self.0.swap(value.to_bits(), order))
    }

    /// Stores `change(current)` and returns it, or changes nothing on `None`.
    #[inline]
    pub(crate) fn update(
        &self,
        order: Ordering,
        mut change: impl FnMut(f64) -> Option<f64>,
    ) -> Option<f64> {
        let mut changed = None;
        let updated = self.0.fetch_update(order, Ordering::Relaxed, |bits| {
            changed = change(f64::from_bits(bits));
            changed.map(f64::to_bits)
        });
        updated.ok().and(changed)
    }
}
