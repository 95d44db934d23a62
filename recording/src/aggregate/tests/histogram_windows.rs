//! Histograms: windows are whole, counts have no end, sums are exact.

use super::{as_float, race};
use crate::aggregate::fixtures::{
    SHARING, TestThread, none_free, owner, promote, take_histogram, take_with_refused,
};
use crate::aggregate::shard_index::ShardIndexes;
use crate::aggregate::{Aggregate, Buckets, Histogram};
use crate::refusal_reason::{MAX_MAGNITUDE, MIN_MAGNITUDE, accept};
use proptest::prelude::*;

#[test]
fn every_window_of_a_histogram_is_whole() {
    let histogram = Histogram::new();
    let windows = race(
        4,
        |thread, number| {
            // Powers of two: their sums are exact in any order.
            for n in 0..50_000 {
                histogram.record(thread, f64::from(1 << ((n + number) % 20)));
            }
        },
        |windows| windows.push(take_histogram(&histogram)),
    );
    let (mut count, mut sum) = (0, 0.0);
    for window in windows.iter().filter(|window| window.count() > 0) {
        let buckets: Vec<_> = window.iter().collect();
        let floors = buckets.iter();
        let exact: f64 = floors
            .map(|bucket| bucket.bounds().0 * as_float(bucket.count))
            .sum();
        assert_eq!(window.sum(), exact);
        assert_eq!(window.min().unwrap(), buckets[0].bounds().0);
        assert_eq!(window.max().unwrap(), buckets.last().unwrap().bounds().0);
        let counts: u64 = buckets.iter().map(|bucket| bucket.count).sum();
        assert_eq!(window.count(), counts);
        count += window.count();
        sum += window.sum();
    }
    assert_eq!(count, 200_000);
    assert_eq!(sum, 10_000.0 * f64::from((1 << 20) - 1));
}

/// Threads without a shard meet in the shared buckets all the time.
#[test]
fn threads_without_shards_lose_nothing() {
    let histogram = Histogram::new();
    let windows = race(
        6,
        |_, number| {
            let value = as_float(number + 1);
            (0..30_000).for_each(|_| histogram.record(&SHARING, value));
        },
        |windows| windows.push(take_histogram(&histogram)),
    );
    let mut all = Buckets::default();
    for window in &windows {
        all.merge(window);
    }
    let counts: Vec<_> = all.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts, [30_000; 6]);
    assert_eq!(all.sum(), 30_000.0 * 21.0);
    assert_eq!(take_histogram(&histogram).count(), 0);
}

#[test]
fn many_samples_at_once_do_not_overflow_a_bucket() {
    for thread in [SHARING, owner()] {
        let histogram = Histogram::new();
        promote(&histogram, &thread);
        let mut all = 0;
        let amounts = [u64::from(u32::MAX), 1 << 40, (1 << 20) - 1, 1, 0];
        for samples in amounts
            .into_iter()
            .chain(std::iter::repeat_n((1 << 20) - 1, 5_000))
        {
            histogram.record_many(&thread, 3.0, samples);
            all += samples;
        }
        let taken = take_histogram(&histogram);
        assert_eq!((taken.count(), taken.iter().count()), (all, 1));
        assert_eq!(taken.iter().next().unwrap().count, all);
        assert_eq!(taken.sum(), as_float(all) * 3.0);
        assert_eq!(take_histogram(&histogram).count(), 0);
    }
}

#[test]
fn counts_without_end_stop_at_the_greatest_number() {
    for thread in [SHARING, owner()] {
        let histogram = Histogram::new();
        promote(&histogram, &thread);
        for value in [0.0, 0.0, 1.0, 1.0, 2.0, f64::NAN, f64::NAN] {
            histogram.record_many(&thread, value, u64::MAX);
        }
        let (taken, refused) = take_with_refused(&histogram, none_free());
        assert_eq!(taken.count(), u64::MAX);
        assert_eq!(refused, [u64::MAX, 0, 0]);
        assert!(taken.iter().all(|bucket| bucket.count == u64::MAX));
    }
}

#[test]
fn a_sum_is_exact_whatever_its_parts_are() {
    for thread in [SHARING, owner()] {
        let histogram = Histogram::new();
        histogram.record(&thread, 1e16);
        (0..1_000_000).for_each(|_| histogram.record(&thread, 1.0));
        assert_eq!(take_histogram(&histogram).sum(), 1e16 + 1e6);
        for _ in 0..1_000_000 {
            histogram.record(&thread, 0.1);
            histogram.record(&thread, 0.3);
        }
        let sum = take_histogram(&histogram).sum();
        assert!((sum - 4e5).abs() < 4e5 * 1e-15, "{sum}");
    }
}

/// Values with how often they are recorded, and by which of three threads.
fn samples() -> impl Strategy<Value = Vec<(f64, u64, usize)>> {
    prop::collection::vec((any_value(), 1..10u64, 0..3usize), 1..200)
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>(),
        4 => -1e6..1e6f64,
        2 => (-300..300i32).prop_map(f64::from),
        1 => prop::sample::select(vec![
            0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 1e300,
            MAX_MAGNITUDE, -MAX_MAGNITUDE, MIN_MAGNITUDE,
        ]),
    ]
}

proptest! {
    #[test]
    fn a_histogram_accounts_for_every_sample(samples in samples()) {
        let histogram = Histogram::new();
        let indexes = ShardIndexes::new();
        let threads = [SHARING, TestThread::start(&indexes), TestThread::start(&indexes)];
        promote(&histogram, &threads[1]);
        for &(value, count, thread) in &samples {
            match count {
                1..5 => (0..count).for_each(|_| histogram.record(&threads[thread], value)),
                _ => histogram.record_many(&threads[thread], value, count),
            }
        }
        let (taken, refused) = take_with_refused(&histogram, none_free());
        let kept: Vec<(f64, u64)> = samples
            .iter()
            .filter_map(|&(value, count, _)| Some((accept(value).ok()?, count)))
            .collect();
        check_against(&taken, &kept)?;
        let recorded: u64 = samples.iter().map(|&(_, count, _)| count).sum();
        prop_assert_eq!(taken.count() + refused.iter().sum::<u64>(), recorded);
    }

    /// Parts that are merged are as the whole.
    #[test]
    fn buckets_merge_without_loss(samples in samples()) {
        let parts = [Histogram::new(), Histogram::new(), Histogram::new()];
        for &(value, count, part) in &samples {
            // Some of them beyond 32 bits.
            parts[part].record_many(&SHARING, value, count << 30);
        }
        let mut merged = Buckets::default();
        for part in &parts {
            merged.merge(&take_histogram(part));
        }
        let kept: Vec<(f64, u64)> = samples
            .iter()
            .filter_map(|&(value, count, _)| Some((accept(value).ok()?, count << 30)))
            .collect();
        check_against(&merged, &kept)?;
    }
}

fn check_against(taken: &Buckets, kept: &[(f64, u64)]) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        taken.count(),
        kept.iter().map(|&(_, count)| count).sum::<u64>()
    );
    let values = || kept.iter().map(|&(value, _)| value);
    prop_assert_eq!(taken.min(), values().reduce(f64::min));
    prop_assert_eq!(taken.max(), values().reduce(f64::max));
    let sum: f64 = kept
        .iter()
        .map(|&(value, count)| value * as_float(count))
        .sum();
    let size: f64 = kept
        .iter()
        .map(|&(value, count)| value.abs() * as_float(count))
        .sum();
    prop_assert!((taken.sum() - sum).abs() <= size * 1e-12);
    let buckets: Vec<_> = taken.iter().collect();
    prop_assert!(buckets.is_sorted_by(|one, next| one.index < next.index));
    for bucket in &buckets {
        let (low, high) = bucket.bounds();
        let within = kept.iter().filter(|&&(value, _)| {
            if bucket.index > 0 {
                low <= value && value < high
            } else {
                low < value && value <= high || low == value && high == value
            }
        });
        prop_assert_eq!(bucket.count, within.map(|&(_, count)| count).sum::<u64>());
    }
    Ok(())
}
