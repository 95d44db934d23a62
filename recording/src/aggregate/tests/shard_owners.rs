//! Shards: earned, handed from thread to thread, and by more threads than there are indexes.

use super::as_float;
use crate::aggregate::fixtures::{EARNING, SHARING, TestThread, owner, promote, take_histogram};
use crate::aggregate::shard_index::{MAX_SHARDS, ShardIndex, ShardIndexes};
use crate::aggregate::{Aggregate, Counter, Histogram};
use std::thread;

/// Threads that come and go, each with an index for as long as it lives.
fn generations(threads: usize, at_a_time: usize, record: impl Fn(&TestThread) + Sync) {
    let indexes = ShardIndexes::new();
    for _ in 0..threads / at_a_time {
        thread::scope(|scope| {
            for _ in 0..at_a_time {
                scope.spawn(|| {
                    let thread = TestThread::start(&indexes);
                    record(&thread);
                    thread.end(&indexes);
                });
            }
        });
    }
}

#[test]
fn shards_go_on_with_the_next_thread() {
    let (counter, histogram) = (Counter::new(), Histogram::new());
    promote(&histogram, &owner());
    (0..EARNING).for_each(|_| counter.increment(&owner(), 1));
    counter.take_growth();
    generations(1_000, 4, |thread| {
        for _ in 0..99 {
            counter.increment(thread, 3);
            histogram.record(thread, 1.0);
        }
    });
    assert_eq!(counter.take_growth(), 1_000 * 99 * 3);
    let taken = take_histogram(&histogram);
    assert_eq!((taken.count(), taken.sum()), (99_000, 99_000.0));
    assert_eq!((taken.min(), taken.max()), (Some(1.0), Some(1.0)));
    let four = 4 * (1_024 + 512) + 2_048 + 4_096;
    assert!(histogram.memory() < four, "{} bytes", histogram.memory());
}

#[test]
fn threads_beyond_the_indexes_share() {
    let indexes = ShardIndexes::new();
    let taken: Vec<ShardIndex> = (0..MAX_SHARDS).map(|_| indexes.take()).collect();
    assert!(!taken.contains(&ShardIndex::NONE));
    assert_eq!(indexes.take(), ShardIndex::NONE);
    let (counter, histogram) = (Counter::new(), Histogram::new());
    promote(&histogram, &TestThread(taken[0]));
    (0..EARNING).for_each(|_| counter.increment(&TestThread(taken[0]), 1));
    counter.take_growth();
    for index in taken.iter().copied().chain([ShardIndex::NONE; 9]) {
        for _ in 0..50 {
            counter.increment(&TestThread(index), 1);
            histogram.record(&TestThread(index), 2.0);
        }
    }
    let recorded = (MAX_SHARDS as u64 + 9) * 50;
    assert_eq!(counter.take_growth(), recorded);
    assert_eq!(counter.shards(), MAX_SHARDS);
    let window = take_histogram(&histogram);
    assert_eq!(
        (window.count(), window.sum()),
        (recorded, as_float(recorded) * 2.0)
    );
    indexes.give_back(taken[7]);
    assert_eq!(indexes.take(), taken[7]);
}

/// However often a snapshot comes, and whether it finds something.
#[test]
fn shards_are_earned_by_a_rate_whatever_snapshots_do() {
    let (counter, thread) = (Counter::new(), owner());
    for _ in 1..EARNING {
        counter.increment(&thread, 1);
        assert_eq!(counter.take_growth(), 1);
    }
    assert_eq!(counter.shards(), 0);
    counter.increment(&thread, 1);
    assert_eq!(counter.shards(), 1);
}

#[test]
fn a_thread_without_an_index_opens_no_shard() {
    let counter = Counter::new();
    (0..1_000).for_each(|_| counter.increment(&SHARING, 1));
    assert_eq!(counter.shards(), 0);
    assert_eq!(counter.take_growth(), 1_000);
}
