//! The shards of one aggregate: each is written by one thread alone, so that a record needs no read-modify-write and
//! shares no cache line with another thread.
//!
//! A record finds its shard by three loads, without a lock.

use super::promotion::Promotion;
use super::shard_index::{ShardIndex, Thread};
use crate::sync::{AtomicU64, MAX_SHARDS, OnceLock, Ordering};

#[derive(Debug)]
pub(crate) struct Shards<T> {
    table: OnceLock<Box<Table<T>>>,
}

#[derive(Debug)]
struct Table<T> {
    /// A bit for each place that is filled, so that a snapshot does not look at the others.
    filled: [AtomicU64; 2],
    places: [OnceLock<Box<T>>; MAX_SHARDS],
}

impl<T> Shards<T> {
    pub(crate) fn new() -> Self {
        Self {
            table: OnceLock::new(),
        }
    }

    /// The shard at an index, if it was opened.
    #[inline]
    pub(crate) fn get(&self, index: ShardIndex) -> Option<&T> {
        Some(self.table.get()?.places.get(index.place())?.get()?)
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
        if self.are_open() || promotion.is_earned() {
            // Not sooner, so that a thread takes no index for what is cold.
            let index = thread.claim_shard_index();
            if index.is_some() {
                let table = self.table.get_or_init(Box::default);
                table.open(index.place(), new);
            }
        }
    }

    pub(crate) fn are_open(&self) -> bool {
        self.table.get().is_some()
    }

    /// The shards, each with its index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.table.get().into_iter().flat_map(|table| table.iter())
    }

    /// Bytes on the heap, without what a shard itself has there.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let table = self.table.get().map_or(0, |_| size_of::<Table<T>>());
        table + self.iter().count() * size_of::<T>()
    }
}

impl<T> Table<T> {
    fn open(&self, place: usize, new: impl FnOnce() -> T) {
        self.places[place].get_or_init(|| {
            // First, so that nobody uses what a snapshot would not find.
            self.filled[place / 64].fetch_or(1 << (place % 64), Ordering::Release);
            Box::new(new())
        });
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let filled = [0, 64].into_iter().zip(&self.filled);
        let filled = filled.flat_map(|(first, filled)| {
            ones(filled.load(Ordering::Acquire)).map(move |place| first + place as usize)
        });
        filled.filter_map(|place| Some((place, &**self.places[place].get()?)))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        const { assert!(MAX_SHARDS <= 128) };
        Self {
            filled: std::array::from_fn(|_| AtomicU64::new(0)),
            places: std::array::from_fn(|_| OnceLock::new()),
        }
    }
}

/// The places of the bits that are set, the lowest first.
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(place)
    })
}
