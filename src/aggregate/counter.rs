//! Counter: numbers that only grow; a drain publishes the growth.

use super::Aggregate;
use super::lanes::{Lanes, Thread};
use super::marks::Mark;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// Its total is what is shared and what is in the lanes, added up.
///
/// In this order, so that what a drain needs is most often in one cache line.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Counter {
    shared: AtomicU64,
    /// The total at the last drain; only the drain touches it.
    published: AtomicU64,
    lanes: Lanes<Lane>,
    /// Whether it was ever set to a total.
    has_total: AtomicBool,
}

/// Two cache lines, as some processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Lane(AtomicU64);

impl Aggregate for Counter {
    fn marked_at(&self) -> Mark {
        self.lanes.marked_at()
    }

    fn has_lanes(&self) -> bool {
        self.lanes.are_open()
    }

    fn begins_anew(&self) -> bool {
        // A total that was published once would be published again.
        !self.has_total.load(Ordering::Relaxed)
    }
}

impl Counter {
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            shared: AtomicU64::new(0),
            published: AtomicU64::new(0),
            lanes: Lanes::new(mark),
            has_total: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn increment(&self, thread: &impl Thread, amount: u64) {
        let Some(Lane(total)) = self.lanes.get(thread.slot()) else {
            return self.increment_shared(thread, amount);
        };
        // Nobody else writes here, so that a load and a store are as good as one operation.
        let grown = total.load(Ordering::Relaxed).wrapping_add(amount);
        total.store(grown, Ordering::Relaxed);
    }

    // Apart, so that the quick way needs no stack.
    #[cold]
    #[inline(never)]
    fn increment_shared(&self, thread: &impl Thread, amount: u64) {
        // Acquire, as in `absolute`: see `marks`.
        self.shared.fetch_add(amount, Ordering::Acquire);
        self.lanes.missed(thread, || Lane(AtomicU64::new(0)));
    }

    /// Lifts the total to `total`, if it is not there already.
    pub(crate) fn absolute(&self, total: u64) {
        if !self.has_total.load(Ordering::Relaxed) {
            self.has_total.store(true, Ordering::Relaxed);
        }
        let mut shared = self.shared.load(Ordering::Acquire);
        loop {
            let own = self.own();
            if total <= shared.wrapping_add(own) {
                break;
            }
            let lifted = total.wrapping_sub(own);
            match self.shared.compare_exchange_weak(
                shared,
                lifted,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(current) => shared = current,
            }
        }
        // Also where somebody else lifted it, who may not have come to this yet.
        self.lanes.mark();
    }

    /// The growth since the last drain. Only ever one caller at a time.
    pub(crate) fn drain(&self) -> u64 {
        // Not a load, and nothing weaker, of which a compiler may make one: see `marks`.
        let shared = self.shared.fetch_add(0, Ordering::AcqRel);
        let total = shared.wrapping_add(self.own());
        let published = self.published.load(Ordering::Relaxed);
        if total != published {
            self.published.store(total, Ordering::Relaxed);
            self.lanes.cool();
        }
        total.wrapping_sub(published)
    }

    #[cfg(test)]
    pub(crate) fn lanes(&self) -> usize {
        self.lanes.iter().count()
    }

    fn own(&self) -> u64 {
        let totals = self.lanes.iter().map(|lane| lane.0.load(Ordering::Relaxed));
        totals.fold(0, u64::wrapping_add)
    }
}
