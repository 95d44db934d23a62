//! What a series accumulates between two snapshots.
//!
//! Any number of threads record, and none of them waits. One thread at a time takes out exactly what was recorded since
//! the last time. That thread may wait for a record that is under way.

mod atomic_f64;
mod bucket;
mod buckets;
mod chunks;
mod counter;
mod exact_sum;
mod extremes;
mod gauge;
mod histogram;
mod histogram_shard;
mod promotion;
mod refused_values;
mod shard_index;
mod shards;

pub use bucket::Bucket;
pub use buckets::Buckets;
pub(crate) use counter::Counter;
pub(crate) use gauge::Gauge;
pub(crate) use histogram::Histogram;
pub(crate) use refused_values::RefusedCounts;
#[cfg(not(loom))]
pub(crate) use shard_index::{Current, free_indexes};

use chunks::Pool;
use metrics_util::MetricKind;
use shard_index::FreeIndexes;

/// Makes what is made at first use.
#[cfg(not(loom))]
pub(crate) fn make_statics() {
    let _ = (promotion::now(), free_indexes());
}

/// What a series gained between two snapshots, in the unit that it was recorded in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// The growth; above zero.
    Counter(u64),
    /// The last value, and the extremes since the previous snapshot, the last value included.
    Gauge {
        /// The last value.
        last: f64,
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// The samples; one at least. Clone them to keep them.
    Histogram(&'a Buckets),
}

/// What a snapshot puts a histogram together in; its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    buckets: Buckets,
    pool: Pool,
}

/// What an aggregate has to know of the snapshot that visits it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    /// What shards have at these indexes belongs to no thread.
    pub(crate) free: FreeIndexes,
    /// The number of the window, which goes round.
    pub(crate) window: u32,
}

/// What snapshots have to know of an aggregate, of whichever kind.
pub(crate) trait Aggregate: Send + Sync + 'static {
    const KIND: MetricKind;

    /// How many may be side by side in memory.
    const NEIGHBOURS: usize = 256;

    fn new() -> Self;

    /// One relaxed look, mostly at one cache line. False only if there is nothing to [take](Self::take).
    fn may_have_changed(&self) -> bool;

    /// What was recorded since the last call, and what was refused. Only ever one caller at a time.
    fn take<'a>(
        &self,
        scratch: &'a mut Scratch,
        visit: Visit,
    ) -> (Option<Value<'a>>, RefusedCounts);

    /// Whether the next record builds on what was there, so that the series cannot begin anew.
    fn holds_state(&self) -> bool;
}

#[cfg(test)]
mod fixtures;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
