//! Values that CloudWatch would not take, counted where they were recorded.

use super::pages::add_saturating;
use crate::limits::ValueFault;
use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Refused([AtomicU64; ValueFault::ALL.len()]);

/// How many values were refused in a window, by fault.
pub(crate) type RefusedPoint = [(ValueFault, u64); ValueFault::ALL.len()];

impl Refused {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    pub(crate) fn count(&self, fault: ValueFault, samples: u64) {
        add_saturating(&self.0[fault as usize], samples);
    }

    pub(crate) fn drain(&self) -> RefusedPoint {
        ValueFault::ALL.map(|fault| {
            let refused = &self.0[fault as usize];
            // A look first: refusals are rare, and a swap would take the cache line every time.
            let samples = match refused.load(Ordering::Relaxed) {
                0 => 0,
                _ => refused.swap(0, Ordering::Relaxed),
            };
            (fault, samples)
        })
    }
}
