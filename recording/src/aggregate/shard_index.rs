//! Which shards a thread owns: a live thread has at most one shard index, and the shards of all series at that index.
//!
//! A thread that ends gives its index back, and the next one goes on in the same shards. The lock of the free indexes
//! makes all that the first thread wrote known to the second.

use crate::sync::{MAX_SHARDS, Mutex};

/// The thread that records.
pub(crate) trait Thread {
    /// Its shard index, if it has one by now.
    fn shard_index(&self) -> ShardIndex;

    /// Called for each record that found no shard. Of every so many, one counts for promotion.
    fn counts_for_promotion(&self) -> bool;

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

    /// Beyond all indexes if it is none.
    #[inline]
    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn is_some(self) -> bool {
        self.place() < MAX_SHARDS
    }
}

/// The indexes that no thread has.
#[derive(Debug)]
pub(crate) struct ShardIndexes {
    free: Mutex<FreeIndexes>,
}

/// A bit for each. What shards hold at a free index is nobody's but a snapshot's, until a thread takes the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreeIndexes(u128);

impl FreeIndexes {
    pub(crate) fn contains(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }
}

impl ShardIndexes {
    pub(crate) fn new() -> Self {
        Self {
            free: Mutex::new(FreeIndexes(u128::MAX >> (128 - MAX_SHARDS))),
        }
    }

    /// The lowest, so that there are as few shards as there are threads at a time. None also if somebody is just here:
    /// a recording thread waits for no lock, which a forked child may have inherited locked.
    pub(crate) fn take(&self) -> ShardIndex {
        let Some(mut free) = self.free.try_lock() else {
            return ShardIndex::NONE;
        };
        if free.0 == 0 {
            return ShardIndex::NONE;
        }
        let index = ShardIndex(free.0.trailing_zeros());
        free.0 &= free.0 - 1;
        index
    }

    pub(crate) fn give_back(&self, index: ShardIndex) {
        if index.is_some() {
            self.free.lock().0 |= 1 << index.0;
        }
    }

    pub(crate) fn free(&self) -> FreeIndexes {
        *self.free.lock()
    }

    /// Runs something while another thread takes an index.
    #[cfg(test)]
    pub(crate) fn while_held(&self, run: impl FnOnce()) {
        let _held = self.free.lock();
        run();
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
