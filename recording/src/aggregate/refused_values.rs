//! Counts the values that a series refused, by reason.

use crate::refusal_reason::RefusalReason;
use crate::sync::{AtomicU64, Ordering};

const REASONS: usize = RefusalReason::OF_VALUES.len();

#[derive(Debug)]
pub(crate) struct RefusedValues([AtomicU64; REASONS]);

/// How many values were refused, in the order of [`RefusalReason::OF_VALUES`].
pub(crate) type RefusedCounts = [u64; REASONS];

impl RefusedValues {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    pub(crate) fn count(&self, reason: RefusalReason, samples: u64) {
        let position = RefusalReason::OF_VALUES.iter().position(|of| *of == reason);
        if let Some(count) = position.and_then(|position| self.0.get(position)) {
            // The closure never gives up. A count stops at the greatest number, rather than start again.
            let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                Some(count.saturating_add(samples))
            });
        }
    }

    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.0
            .iter()
            .any(|count| count.load(Ordering::Relaxed) != 0)
    }

    pub(crate) fn take(&self) -> RefusedCounts {
        std::array::from_fn(|position| match self.0[position].load(Ordering::Relaxed) {
            // A swap would take the cache line at every snapshot.
            0 => 0,
            _ => self.0[position].swap(0, Ordering::Relaxed),
        })
    }
}
