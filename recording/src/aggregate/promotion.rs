//! When an aggregate gets shards: once records that find no shard are frequent, or meet each other.
//!
//! Of the records that find no shard, each thread counts one in [`SAMPLED`], and all that find a lock taken. An
//! aggregate that counts [`EARNED`] of them between two snapshots is promoted. From then on each record that counts
//! opens a shard for its thread. So a thread that passes by a promoted series opens none.

use crate::sync::{AtomicU32, Ordering};

/// The score between two snapshots that earns shards.
const EARNED: u32 = if cfg!(loom) { 1 } else { 32 };

/// A prime, so that each of several records in turn is counted.
#[cfg(not(loom))]
const SAMPLED: u32 = 61;

#[derive(Debug)]
pub(crate) struct Promotion {
    score: AtomicU32,
}

impl Promotion {
    pub(crate) fn new() -> Self {
        Self {
            score: AtomicU32::new(0),
        }
    }

    /// Counts a record; tells whether its aggregate has earned shards.
    pub(crate) fn is_earned(&self) -> bool {
        self.score.fetch_add(1, Ordering::Relaxed) + 1 >= EARNED
    }

    /// At each snapshot, so that the score is a rate.
    pub(crate) fn reset(&self) {
        // A look first: a store would take the cache line every time.
        if self.score.load(Ordering::Relaxed) != 0 {
            self.score.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(not(loom))]
std::thread_local! {
    static WITHOUT_SHARD: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Whether the calling thread counts this record, which found no shard.
#[cfg(not(loom))]
#[inline]
pub(crate) fn counts() -> bool {
    let records = WITHOUT_SHARD.get().wrapping_add(1);
    WITHOUT_SHARD.set(records);
    records.is_multiple_of(SAMPLED)
}
