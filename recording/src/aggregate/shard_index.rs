//! Which shards a thread owns: a live thread has at most one shard index, and the shards of all series at that index.
//!
//! A thread that ends gives its index back, and the next thread goes on in the same shards. Giving an index back
//! releases, and taking it acquires, all that the first thread wrote.

use crate::sync::{AtomicU64, Ordering};

/// Threads that can have an index at a time; 128 at most.
pub(crate) const MAX_SHARDS: usize = if cfg!(loom) { 2 } else { 128 };

/// The thread that records.
pub(crate) trait Thread {
    /// Its shard index, if it has one by now.
    fn shard_index(&self) -> ShardIndex;

    /// Called for each record that found no shard. Of every so many, one counts for promotion.
    fn counts_for_promotion(&self) -> bool;

    /// The time, in the ticks of promotion.
    fn now(&self) -> u32;

    /// The index to open a shard at: the thread takes one, if it has none and one is free.
    fn claim_shard_index(&self) -> ShardIndex;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShardIndex(u32);

impl ShardIndex {
    /// No shards: all indexes are taken, or the thread is about to end.
    pub(crate) const NONE: Self = Self(u32::MAX);
    /// No shards yet.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX - 1);

    /// Beyond all shards if it is none.
    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn is_some(self) -> bool {
        self.number() < MAX_SHARDS
    }
}

/// The indexes that no thread has: a bit for each.
#[derive(Debug)]
pub(crate) struct ShardIndexes {
    free: [AtomicU64; 2],
}

/// What shards hold at a free index is nobody's but a snapshot's, until a thread takes the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreeIndexes([u64; 2]);

impl FreeIndexes {
    pub(crate) fn contains(self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }
}

impl ShardIndexes {
    pub(crate) fn new() -> Self {
        let all = u128::MAX >> (128 - MAX_SHARDS);
        let bits = |word: u32| u64::try_from(all >> (64 * word) & u128::from(u64::MAX));
        Self {
            free: [0, 1].map(|word| AtomicU64::new(bits(word).unwrap_or_default())),
        }
    }

    /// The lowest, so that there are as few shards as there are threads at a time.
    pub(crate) fn take(&self) -> ShardIndex {
        for (first, word) in [0, 64].into_iter().zip(&self.free) {
            let without_lowest = |bits: u64| (bits != 0).then(|| bits & (bits - 1));
            let taken = word.fetch_update(Ordering::Acquire, Ordering::Relaxed, without_lowest);
            if let Ok(bits) = taken {
                return ShardIndex(first + bits.trailing_zeros());
            }
        }
        ShardIndex::NONE
    }

    pub(crate) fn give_back(&self, index: ShardIndex) {
        if index.is_some() {
            let bit = 1 << (index.number() % 64);
            self.free[index.number() / 64].fetch_or(bit, Ordering::Release);
        }
    }

    pub(crate) fn free(&self) -> FreeIndexes {
        FreeIndexes([0, 1].map(|word: usize| self.free[word].load(Ordering::Acquire)))
    }
}

#[cfg(not(loom))]
pub(crate) use current::{Current, free_indexes};

/// The calling thread's index.
#[cfg(not(loom))]
mod current {
    use super::{FreeIndexes, ShardIndex, ShardIndexes, Thread};
    use crate::aggregate::promotion;
    use std::cell::Cell;
    use std::sync::LazyLock;

    static INDEXES: LazyLock<ShardIndexes> = LazyLock::new(ShardIndexes::new);

    thread_local! {
        /// Nothing to drop, so that it can be read at any time of a thread's life.
        static INDEX: Cell<ShardIndex> = const { Cell::new(ShardIndex::UNKNOWN) };
        static HELD: Held = const { Held(Cell::new(ShardIndex::NONE)) };
    }

    /// Gives the index back when the thread ends.
    struct Held(Cell<ShardIndex>);

    /// The calling thread.
    pub(crate) struct Current;

    impl Thread for Current {
        #[inline]
        fn shard_index(&self) -> ShardIndex {
            INDEX.get()
        }

        #[inline]
        fn counts_for_promotion(&self) -> bool {
            promotion::counts()
        }

        fn now(&self) -> u32 {
            promotion::now()
        }

        fn claim_shard_index(&self) -> ShardIndex {
            if INDEX.get() == ShardIndex::UNKNOWN {
                // A thread that is about to end goes without: nobody would give its index back.
                match HELD.try_with(Held::take) {
                    // None for now; the next time asks again.
                    Ok(ShardIndex::NONE) => {}
                    Ok(index) => INDEX.set(index),
                    Err(_) => INDEX.set(ShardIndex::NONE),
                }
            }
            INDEX.get()
        }
    }

    /// Indexes whose threads ended, or that no thread ever had.
    pub(crate) fn free_indexes() -> FreeIndexes {
        INDEXES.free()
    }

    impl Held {
        fn take(&self) -> ShardIndex {
            self.0.set(INDEXES.take());
            self.0.get()
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // What the rest of the thread's locals record as they go is shared.
            INDEX.set(ShardIndex::NONE);
            INDEXES.give_back(self.0.get());
        }
    }
}
