//! Histogram: buckets that any thread may write, and shards that one thread each does.
//!
//! Shared buckets are the very type that shards use, behind a lock that is only ever tried. A record that finds them
//! taken goes to the next ones, and makes them if there are none. So a record waits for nobody: neither for a snapshot,
//! nor for a thread that was preempted, nor for a lock that a forked child inherited.

use super::buckets::Buckets;
use super::histogram_shard::HistogramShard;
use super::promotion::Promotion;
use super::refused_values::{RefusedCounts, RefusedValues};
use super::shard_index::Thread;
use super::shards::Shards;
use super::{Aggregate, Scratch, Value, Visit};
use crate::refusal_reason::accept;
use crate::sync::{AtomicBool, Mutex, OnceBox, Ordering};
use metrics_util::MetricKind;

/// Windows without a record after which a shard gives its chunks back: they are half a kilobyte for each octave.
pub(super) const KEPT_FOR: u32 = 3;

/// In this order, so that what a snapshot looks at is most often in one cache line.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Histogram {
    /// Whether something is in shared buckets, or was refused, that no snapshot has taken. Set after the record, cleared
    /// before a snapshot takes.
    is_touched: AtomicBool,
    shards: Shards<HistogramShard>,
    promotion: Promotion,
    refused: RefusedValues,
    shared: SharedBuckets,
}

#[derive(Debug)]
struct SharedBuckets {
    buckets: Mutex<Buckets>,
    next: OnceBox<SharedBuckets>,
}

impl Histogram {
    #[inline]
    pub(crate) fn record(&self, thread: &impl Thread, value: f64) {
        let shard = self.shards.get(thread.shard_index());
        if !shard.is_some_and(|shard| shard.record(value)) {
            self.record_slowly(thread, value);
        }
    }

    // Apart, so that the quick way needs as little stack as can be.
    #[cold]
    #[inline(never)]
    fn record_slowly(&self, thread: &impl Thread, value: f64) {
        let shard = self.shards.get(thread.shard_index());
        if !shard.is_some_and(|shard| shard.record_first(value, &self.refused)) {
            self.record_shared(thread, value, 1);
        }
    }

    /// Records a value so many times at once.
    pub(crate) fn record_many(&self, thread: &impl Thread, value: f64, samples: u64) {
        if samples == 0 {
            return;
        }
        let shard = self.shards.get(thread.shard_index());
        let to_shard = |value| shard.is_some_and(|shard| shard.try_add(value, samples));
        if !accept(value).is_ok_and(to_shard) {
            self.record_shared(thread, value, samples);
        }
    }

    fn record_shared(&self, thread: &impl Thread, value: f64, samples: u64) {
        match accept(value) {
            Ok(value) => {
                let met_another = self.shared.add(value, samples);
                // Most often it is set. A snapshot clears it before it locks the first buckets: if it came before this
                // value, this load finds it cleared. Of buckets that are new a snapshot may know nothing.
                if met_another || !self.is_touched.load(Ordering::Relaxed) {
                    self.touch();
                }
                if met_another || thread.counts_for_promotion() {
                    let new = HistogramShard::new;
                    self.shards.open_if_earned(&self.promotion, thread, new);
                }
            }
            Err(reason) => {
                self.refused.count(reason, samples);
                self.touch();
            }
        }
    }

    /// A swap, as a store would hide from a snapshot what another thread did before it touched.
    fn touch(&self) {
        self.is_touched.swap(true, Ordering::Release);
    }

    /// Runs something while another thread holds the first buckets.
    #[cfg(test)]
    pub(crate) fn while_held(&self, run: impl FnOnce()) {
        let _held = self.shared.buckets.lock();
        run();
    }

    /// Bytes that this histogram holds, on the heap and in itself.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        let shards = self.shards.iter();
        let shards: usize = shards.map(|(_, shard)| shard.allocated()).sum();
        let own = self.shared.buckets.lock().allocated();
        let others: usize = self.shared.iter().skip(1).map(SharedBuckets::memory).sum();
        size_of::<Self>() + self.shards.allocated() + shards + own + others
    }
}

impl SharedBuckets {
    fn new() -> Self {
        Self {
            buckets: Mutex::new(Buckets::default()),
            next: OnceBox::new(),
        }
    }

    /// Adds to the first buckets that nobody holds. Returns whether these were held.
    fn add(&self, value: f64, samples: u64) -> bool {
        let (mut shared, mut met_another) = (self, false);
        loop {
            if let Some(mut buckets) = shared.buckets.try_lock() {
                buckets.add(value, samples);
                return met_another;
            }
            met_another = true;
            shared = shared.next.get_or_init(|| Box::new(Self::new()));
        }
    }

    /// These, and those after them.
    fn iter(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |shared| shared.next.get())
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        size_of::<Self>() + self.buckets.lock().allocated()
    }
}

impl Aggregate for Histogram {
    const KIND: MetricKind = MetricKind::Histogram;

    fn new() -> Self {
        Self {
            is_touched: AtomicBool::new(false),
            shards: Shards::new(),
            promotion: Promotion::new(),
            refused: RefusedValues::new(),
            shared: SharedBuckets::new(),
        }
    }

    #[inline]
    fn may_have_changed(&self) -> bool {
        self.is_touched.load(Ordering::Relaxed) || self.shards.are_open()
    }

    fn take<'a>(
        &self,
        scratch: &'a mut Scratch,
        visit: Visit,
    ) -> (Option<Value<'a>>, RefusedCounts) {
        let Scratch { buckets, pool } = scratch;
        buckets.clear(pool);
        if self.is_touched.swap(false, Ordering::Acquire) {
            for (number, shared) in self.shared.iter().enumerate() {
                let mut taken = shared.buckets.lock();
                taken.move_to(buckets, pool);
                if number > 0 {
                    // Seldom used, and then for a moment.
                    taken.free_chunks();
                }
            }
        }
        for (index, shard) in self.shards.iter() {
            shard.take(&self.refused, visit.window, |taken, idle_windows| {
                taken.move_to(buckets, pool);
                // If a thread took the index since, its samples were moved, under the lock.
                let has_ended = visit.free.contains(index);
                if has_ended || idle_windows >= KEPT_FOR {
                    taken.free_chunks();
                }
            });
        }
        let value = (buckets.count() > 0).then_some(Value::Histogram(buckets));
        (value, self.refused.take())
    }

    fn holds_state(&self) -> bool {
        false
    }
}
