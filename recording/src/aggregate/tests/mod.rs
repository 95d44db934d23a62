//! The aggregates' contract, under real threads and over all kinds of values.

mod buckets_from_parts;
mod gauge_windows;
mod histogram_memory;
mod histogram_windows;
mod shard_owners;

use super::fixtures::{SHARING, TestThread};
use super::shard_index::{ShardIndex, ShardIndexes};
use super::{Aggregate, Counter};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Records from so many threads, one of which has no shard, while one more takes all the while; then the rest.
fn race<W>(
    threads: u64,
    record: impl Fn(&TestThread, u64) + Sync,
    mut take: impl FnMut(&mut Vec<W>),
) -> Vec<W> {
    let is_over = AtomicBool::new(false);
    let indexes = ShardIndexes::new();
    let mut windows = Vec::new();
    thread::scope(|scope| {
        let recorders: Vec<_> = (0..threads)
            .map(|thread| {
                let record = &record;
                let index = if thread == 0 {
                    ShardIndex::NONE
                } else {
                    indexes.take()
                };
                scope.spawn(move || record(&TestThread(index), thread))
            })
            .collect();
        let is_over = &is_over;
        scope.spawn(move || {
            for recorder in recorders {
                recorder.join().unwrap();
            }
            is_over.store(true, Ordering::Release);
        });
        while !is_over.load(Ordering::Acquire) {
            take(&mut windows);
        }
    });
    take(&mut windows);
    windows
}

#[test]
fn a_counter_loses_nothing_to_its_snapshots() {
    let counter = Counter::new();
    let windows = race(
        4,
        |thread, number| (0..100_000).for_each(|_| counter.increment(thread, number + 1)),
        |windows| windows.push(counter.take_growth()),
    );
    assert_eq!(windows.into_iter().sum::<u64>(), 100_000 * (1 + 2 + 3 + 4));
    assert_eq!(counter.take_growth(), 0);
}

#[test]
fn absolute_totals_are_never_taken_twice() {
    let counter = Counter::new();
    let windows = race(
        4,
        |_, number| (0..100_000).for_each(|total| counter.absolute(total * (number + 1))),
        |windows| windows.push(counter.take_growth()),
    );
    assert_eq!(windows.into_iter().sum::<u64>(), 99_999 * 4);
    counter.absolute(5);
    assert_eq!(counter.take_growth(), 0, "an older total");
    counter.increment(&SHARING, 3);
    assert_eq!(counter.take_growth(), 3);
}

#[test]
fn totals_and_increments_in_shards_add_up() {
    let counter = Counter::new();
    let windows = race(
        4,
        |thread, number| {
            for n in 0..50_000 {
                if number < 2 {
                    counter.increment(thread, 1);
                } else {
                    counter.absolute(n);
                }
            }
        },
        |windows| windows.push(counter.take_growth()),
    );
    let total: u64 = windows.iter().sum();
    assert!((100_000..200_000).contains(&total), "{total}");
    assert!(windows.iter().all(|&window| window <= total), "{windows:?}");
    counter.absolute(total);
    assert_eq!(counter.take_growth(), 0);
    counter.absolute(total + 5);
    assert_eq!(counter.take_growth(), 5);
}

proptest! {
    #[test]
    fn an_absolute_counter_tells_its_greatest_total(
        totals in prop::collection::vec((0..1_000u64, any::<bool>()), 0..50),
    ) {
        let counter = Counter::new();
        let (mut taken, mut greatest) = (0, 0);
        for (total, takes) in totals {
            counter.absolute(total);
            greatest = greatest.max(total);
            if takes {
                taken += counter.take_growth();
                prop_assert_eq!(taken, greatest);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "test data are small")]
fn as_float(count: u64) -> f64 {
    count as f64
}
