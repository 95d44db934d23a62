//! Counter: a total that only grows; a snapshot takes the growth.

use super::promotion::Promotion;
use super::refused_values::RefusedCounts;
use super::shard_index::Thread;
use super::shards::Shards;
use super::{Aggregate, Scratch, Value, Visit};
use crate::sync::{AtomicBool, AtomicU64, Ordering};
use metrics_util::MetricKind;

/// Its total is what is shared and what is in the shards, added up.
///
/// In this order, so that what a snapshot looks at is most often in one cache line.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Counter {
    shared: AtomicU64,
    /// The total at the last snapshot, which alone touches it.
    taken: AtomicU64,
    shards: Shards<Shard>,
    promotion: Promotion,
    /// Whether it was ever set to a total.
    has_total: AtomicBool,
}

/// Two cache lines, as some processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Shard(AtomicU64);

impl Counter {
    #[inline]
    pub(crate) fn increment(&self, thread: &impl Thread, amount: u64) {
        let Some(Shard(total)) = self.shards.get(thread.shard_index()) else {
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
        self.shared.fetch_add(amount, Ordering::Relaxed);
        if thread.counts_for_promotion() {
            let new = || Shard(AtomicU64::new(0));
            self.shards.open_if_earned(&self.promotion, thread, new);
        }
    }

    /// Lifts the total to `total`, if it is not there already.
    pub(crate) fn absolute(&self, total: u64) {
        if !self.has_total.load(Ordering::Relaxed) {
            self.has_total.store(true, Ordering::Relaxed);
        }
        let mut shared = self.shared.load(Ordering::Relaxed);
        loop {
            let in_shards = self.in_shards();
            if total <= shared.wrapping_add(in_shards) {
                break;
            }
            let lifted = total.wrapping_sub(in_shards);
            match self.shared.compare_exchange_weak(
                shared,
                lifted,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(current) => shared = current,
            }
        }
    }

    /// The growth since the last call. Only ever one caller at a time.
    #[inline]
    pub(crate) fn take_growth(&self) -> u64 {
        let total = self
            .shared
            .load(Ordering::Relaxed)
            .wrapping_add(self.in_shards());
        let taken = self.taken.load(Ordering::Relaxed);
        if total != taken {
            self.taken.store(total, Ordering::Relaxed);
        }
        total.wrapping_sub(taken)
    }

    #[inline]
    fn in_shards(&self) -> u64 {
        let totals = self.shards.iter();
        let totals = totals.map(|(_, shard)| shard.0.load(Ordering::Relaxed));
        totals.fold(0, u64::wrapping_add)
    }

    #[cfg(test)]
    pub(crate) fn shards(&self) -> usize {
        self.shards.iter().count()
    }
}

impl Aggregate for Counter {
    const KIND: MetricKind = MetricKind::Counter;

    fn new() -> Self {
        Self {
            shared: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            shards: Shards::new(),
            promotion: Promotion::new(),
            has_total: AtomicBool::new(false),
        }
    }

    #[inline]
    fn may_have_changed(&self) -> bool {
        self.shared.load(Ordering::Relaxed) != self.taken.load(Ordering::Relaxed)
            || self.shards.are_open()
    }

    #[inline]
    fn take<'a>(&self, _: &'a mut Scratch, _: Visit) -> (Option<Value<'a>>, RefusedCounts) {
        let growth = self.take_growth();
        let value = (growth > 0).then_some(Value::Counter(growth));
        (value, RefusedCounts::default())
    }

    fn holds_state(&self) -> bool {
        // Without the total that was taken, the next one would count in full again.
        self.has_total.load(Ordering::Relaxed)
    }
}
