//! Threads that record in tests and models, and what is taken there.

use super::promotion;
use super::shard_index::{FreeIndexes, ShardIndex, ShardIndexes, Thread};
use super::{Aggregate, Buckets, Gauge, Histogram, RefusedCounts, Scratch, Value, Visit};

/// A thread whose every record without a shard counts for promotion, and whose time stands still: what it records to has
/// shards after [`EARNING`] records.
pub(crate) struct TestThread(pub(crate) ShardIndex);

/// Records of a [`TestThread`] that earn a shard.
pub(crate) const EARNING: u32 = promotion::FULL.div_ceil(promotion::EACH);

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

/// A visit in the first window.
pub(crate) fn first_visit() -> Visit {
    Visit {
        free: none_free(),
        window: 0,
    }
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

    fn now(&self) -> u32 {
        0
    }

    fn claim_shard_index(&self) -> ShardIndex {
        self.0
    }
}

/// Gives the thread a shard, if it is to have one, by records that are taken.
pub(crate) fn promote(histogram: &Histogram, thread: &TestThread) {
    (0..EARNING).for_each(|_| histogram.record(thread, 0.0));
    assert_eq!(take_histogram(histogram).count(), u64::from(EARNING));
}

/// What a gauge gained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GaugePoint {
    pub(crate) last: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

pub(crate) fn take_gauge(gauge: &Gauge) -> Option<GaugePoint> {
    match gauge.take(&mut Scratch::default(), first_visit()).0? {
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
    take_in_window(histogram, free, 0)
}

pub(crate) fn take_in_window(
    histogram: &Histogram,
    free: FreeIndexes,
    window: u32,
) -> (Buckets, RefusedCounts) {
    if !histogram.may_have_changed() {
        return Default::default();
    }
    let mut scratch = Scratch::default();
    let (value, refused) = histogram.take(&mut scratch, Visit { free, window });
    let buckets = match value {
        Some(Value::Histogram(buckets)) => buckets.clone(),
        None => Buckets::default(),
        Some(other) => panic!("{other:?}"),
    };
    (buckets, refused)
}
