//! The shards of one aggregate. One thread alone writes a shard: a record needs no read-modify-write, and shares no cache
//! line with another thread.
//!
//! A record finds its shard by two loads, without a lock.

use super::promotion::Promotion;
use super::shard_index::{MAX_SHARDS, ShardIndex, Thread};
use crate::sync::{AtomicU64, OnceBox, Ordering};

#[derive(Debug)]
pub(crate) struct Shards<T> {
    table: OnceBox<Table<T>>,
}

#[derive(Debug)]
struct Table<T> {
    /// A bit for each shard that is open, so that a snapshot does not look for the others.
    open: [AtomicU64; 2],
    shards: [OnceBox<T>; MAX_SHARDS],
}

impl<T> Shards<T> {
    pub(crate) fn new() -> Self {
        Self {
            table: OnceBox::new(),
        }
    }

    /// The shard at an index, if it was opened.
    #[inline]
    pub(crate) fn get(&self, index: ShardIndex) -> Option<&T> {
        self.table.get()?.shards.get(index.number())?.get()
    }

    /// After a record that found no shard and counts for promotion: opens one for the thread, if the aggregate has
    /// earned it.
    #[cold]
    #[inline(never)]
    pub(crate) fn open_if_earned(
        &self,
        promotion: &Promotion,
        thread: &impl Thread,
        new: impl FnOnce() -> T,
    ) {
        if self.are_open() || promotion.is_earned(thread.now()) {
            // Not sooner, so that a thread takes no index for what is cold.
            let index = thread.claim_shard_index();
            if index.is_some() {
                let table = self.table.get_or_init(Box::default);
                table.open(index.number(), new);
            }
        }
    }

    pub(crate) fn are_open(&self) -> bool {
        self.table.get().is_some()
    }

    /// The shards, each with its index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.table.get().into_iter().flat_map(Table::iter)
    }

    /// Bytes on the heap, without what a shard itself has there.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let table = self.table.get().map_or(0, |_| size_of::<Table<T>>());
        table + self.iter().count() * size_of::<T>()
    }
}

impl<T> Table<T> {
    fn open(&self, index: usize, new: impl FnOnce() -> T) {
        self.shards[index].get_or_init(|| {
            // First, so that nobody uses what a snapshot would not find.
            self.open[index / 64].fetch_or(1 << (index % 64), Ordering::Release);
            Box::new(new())
        });
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let open = [0, 64].into_iter().zip(&self.open);
        let open = open.flat_map(|(first, open)| {
            ones(open.load(Ordering::Acquire)).map(move |index| first + index as usize)
        });
        open.filter_map(|index| Some((index, self.shards[index].get()?)))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        const { assert!(MAX_SHARDS <= 128) };
        Self {
            open: std::array::from_fn(|_| AtomicU64::new(0)),
            shards: std::array::from_fn(|_| OnceBox::new()),
        }
    }
}

/// The numbers of the bits that are set, the lowest first.
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let number = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(number)
    })
}
