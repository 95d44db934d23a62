//! Threads that record in tests and models, and what is taken there.

use super::shard_index::{FreeIndexes, ShardIndex, ShardIndexes, Thread};
use super::{Aggregate, Buckets, Gauge, Histogram, RefusedCounts, Scratch, Value};

/// A thread whose every record without a shard counts for promotion, so that what it records to soon has shards.
pub(crate) struct TestThread(pub(crate) ShardIndex);

/// Never has a shard.
pub(crate) const SHARING: TestThread = TestThread(ShardIndex::NONE);

/// Has a shard in what is promoted, at an index that is its own among all of no others.
pub(crate) fn owner() -> TestThread {
    TestThread::start(&ShardIndexes::new())
}

/// No index is free: no thread has ended.
pub(crate) fn none_free() -> FreeIndexes {
    let indexes = ShardIndexes::new();
    while indexes.take().is_some() {}
    indexes.free()
}

impl TestThread {
    pub(crate) fn start(indexes: &ShardIndexes) -> Self {
        Self(indexes.take())
    }

    pub(crate) fn end(self, indexes: &ShardIndexes) {
        indexes.give_back(self.0);
    }
}

impl Thread for TestThread {
    fn shard_index(&self) -> ShardIndex {
        self.0
    }

    fn counts_for_promotion(&self) -> bool {
        true
    }

    fn claim_shard_index(&self) -> ShardIndex {
        self.0
    }
}

/// What a gauge gained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GaugePoint {
    pub(crate) last: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

pub(crate) fn take_gauge(gauge: &Gauge) -> Option<GaugePoint> {
    match gauge.take(&mut Scratch::default(), none_free()).0? {
        Value::Gauge { last, min, max } => Some(GaugePoint { last, min, max }),
        other => panic!("{other:?}"),
    }
}

/// What a histogram gained, as a snapshot takes it: only if it looks changed.
pub(crate) fn take_histogram(histogram: &Histogram) -> Buckets {
    take_with_refused(histogram, none_free()).0
}

pub(crate) fn take_with_refused(
    histogram: &Histogram,
    free: FreeIndexes,
) -> (Buckets, RefusedCounts) {
    if !histogram.may_have_changed() {
        return Default::default();
    }
    let mut scratch = Scratch::default();
    let (value, refused) = histogram.take(&mut scratch, free);
    let buckets = match value {
        Some(Value::Histogram(buckets)) => buckets.clone(),
        None => Buckets::default(),
        Some(other) => panic!("{other:?}"),
    };
    (buckets, refused)
}
