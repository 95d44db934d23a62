//! Histogram: cells that any thread may write, and shards that one thread each does.
//!
//! A cell is the very type that shards use, behind a lock that is only ever tried. A record that finds the first cell
//! taken goes to the next one, and makes one if there is none: so it waits for nobody, neither for a snapshot, nor for
//! a thread that was preempted, nor for a lock that a forked child inherited. There are never more cells than threads
//! that recorded to the histogram at the same instant.

use super::buckets::Buckets;
use super::histogram_shard::HistogramShard;
use super::promotion::Promotion;
use super::refused_values::{RefusedCounts, RefusedValues};
use super::shard_index::{FreeIndexes, Thread};
use super::shards::Shards;
use super::{Aggregate, Scratch, Value};
use crate::refusal_reason::accept;
use crate::sync::{AtomicBool, Mutex, OnceLock, Ordering};
use metrics_util::MetricKind;

/// In this order, so that what a snapshot looks at is most often in one cache line.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Histogram {
    /// Whether something is in the cells, or was refused, that no snapshot has taken. Set after the record, cleared
    /// before a snapshot takes.
    is_touched: AtomicBool,
    shards: Shards<HistogramShard>,
    promotion: Promotion,
    refused: RefusedValues,
    first: Cell,
}

#[derive(Debug)]
struct Cell {
    buckets: Mutex<Buckets>,
    next: OnceLock<Box<Cell>>,
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
            self.record_to_cell(thread, value, 1);
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
            self.record_to_cell(thread, value, samples);
        }
    }

    fn record_to_cell(&self, thread: &impl Thread, value: f64, samples: u64) {
        match accept(value) {
            Ok(value) => {
                let met_another = self.first.add(value, samples);
                // Most often it is set. A snapshot that came to the first cell before this value cleared it before it
                // had the cell's lock, so that this look finds it cleared. Of a cell that is new it may know nothing.
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

    /// Runs something while another thread holds the first cell.
    #[cfg(test)]
    pub(crate) fn while_held(&self, run: impl FnOnce()) {
        let _held = self.first.buckets.lock();
        run();
    }

    /// Bytes that this histogram holds, on the heap and in itself.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        let shards = self.shards.iter();
        let shards: usize = shards.map(|(_, shard)| shard.allocated()).sum();
        let own = self.first.buckets.lock().allocated();
        let others: usize = self.first.iter().skip(1).map(Cell::memory).sum();
        size_of::<Self>() + self.shards.allocated() + shards + own + others
    }
}

impl Cell {
    fn new() -> Self {
        Self {
            buckets: Mutex::new(Buckets::default()),
            next: OnceLock::new(),
        }
    }

    /// Adds to the first cell that nobody holds. Tells whether this one was held.
    fn add(&self, value: f64, samples: u64) -> bool {
        let (mut cell, mut met_another) = (self, false);
        loop {
            if let Some(mut buckets) = cell.buckets.try_lock() {
                buckets.add(value, samples);
                return met_another;
            }
            met_another = true;
            cell = cell.next.get_or_init(|| Box::new(Self::new()));
        }
    }

    /// This cell, and those after it.
    fn iter(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |cell| cell.next.get().map(|next| &**next))
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
            first: Cell::new(),
        }
    }

    #[inline]
    fn may_have_changed(&self) -> bool {
        self.is_touched.load(Ordering::Relaxed) || self.shards.are_open()
    }

    fn take<'a>(
        &self,
        scratch: &'a mut Scratch,
        free: FreeIndexes,
    ) -> (Option<Value<'a>>, RefusedCounts) {
        let Scratch { buckets, pool } = scratch;
        buckets.clear(pool);
        self.promotion.begin_window();
        if self.is_touched.swap(false, Ordering::Acquire) {
            for (number, cell) in self.first.iter().enumerate() {
                let mut taken = cell.buckets.lock();
                taken.move_to(buckets, pool);
                if number > 0 {
                    // Seldom used, and then for a moment.
                    taken.free_chunks();
                }
            }
        }
        for (index, shard) in self.shards.iter() {
            shard.take(&self.refused, |taken| {
                taken.move_to(buckets, pool);
                if free.contains(index) {
                    // Its thread has ended. If a thread took the index since, its samples were moved, under the lock.
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
