//! The aggregates' contract, under real threads and over all kinds of values.

use super::{Counter, Gauge, Histogram, HistogramPoint, Mark, Marks, Slot, Slots, Thread};
use crate::limits::{self, ValueFault};
use crate::sync::Arc;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

mod hot;
mod memory;

/// A thread whose every record without a lane is a sample, so that what it records to is soon hot.
struct Recorder(Slot);

impl Thread for Recorder {
    fn slot(&self) -> Slot {
        self.0
    }

    fn is_sample(&self) -> bool {
        true
    }

    fn take_slot(&self) -> Slot {
        self.slot()
    }
}

/// Never has a lane.
const SHARING: Recorder = Recorder(Slot::NONE);

/// Has a lane in what is hot.
fn owner() -> Recorder {
    Recorder(Slots::new().take())
}

/// Of a series that drains look at in any case.
fn mark() -> Mark {
    Mark {
        marks: Arc::new(Marks::new()),
        place: 0,
    }
}

/// Records from so many threads, one of which has no slot, while one more drains all the while; then the rest.
fn race<W>(
    threads: u64,
    record: impl Fn(&Recorder, u64) + Sync,
    mut drain: impl FnMut(&mut Vec<W>),
) -> Vec<W> {
    let is_over = AtomicBool::new(false);
    let slots = Slots::new();
    let mut windows = Vec::new();
    thread::scope(|scope| {
        let recorders: Vec<_> = (0..threads)
            .map(|thread| {
                let record = &record;
                let slot = if thread == 0 {
                    Slot::NONE
                } else {
                    slots.take()
                };
                scope.spawn(move || record(&Recorder(slot), thread))
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
            drain(&mut windows);
        }
    });
    drain(&mut windows);
    windows
}

#[test]
fn a_counter_loses_nothing_to_its_drains() {
    let counter = Counter::new(mark());
    let windows = race(
        4,
        |recorder, thread| (0..100_000).for_each(|_| counter.increment(recorder, thread + 1)),
        |windows| windows.push(counter.drain()),
    );
    assert_eq!(windows.into_iter().sum::<u64>(), 100_000 * (1 + 2 + 3 + 4));
    assert_eq!(counter.drain(), 0);
}

#[test]
fn absolute_totals_are_never_published_twice() {
    let counter = Counter::new(mark());
    let windows = race(
        4,
        |_, thread| (0..100_000).for_each(|total| counter.absolute(total * (thread + 1))),
        |windows| windows.push(counter.drain()),
    );
    assert_eq!(windows.into_iter().sum::<u64>(), 99_999 * 4);
    counter.absolute(5);
    assert_eq!(counter.drain(), 0, "an older total");
    counter.increment(&SHARING, 3);
    assert_eq!(counter.drain(), 3);
}

#[test]
fn the_increments_of_a_gauge_all_count() {
    let gauge = Gauge::new(mark());
    let windows = race(
        4,
        |recorder, thread| {
            for _ in 0..50_000 {
                gauge.increment(recorder, 1.0);
                if thread > 0 {
                    gauge.increment(recorder, -1.0);
                }
            }
        },
        |windows| windows.extend(gauge.drain().0),
    );
    for point in &windows {
        assert!(point.minimum <= point.last && point.last <= point.maximum);
        assert!(point.minimum >= 0.0 && point.maximum <= 50_003.0);
    }
    assert_eq!(windows.last().unwrap().last, 50_000.0);
}

#[test]
fn a_gauge_goes_on_from_its_last_value() {
    let gauge = Gauge::new(mark());
    assert_eq!(gauge.drain().0, None, "never had a value");
    gauge.set(&SHARING, 5.0);
    gauge.set(&SHARING, 100.0);
    gauge.increment(&SHARING, -93.0);
    let point = gauge.drain().0.unwrap();
    assert_eq!(
        (point.minimum, point.last, point.maximum),
        (5.0, 7.0, 100.0)
    );
    let point = gauge.drain().0.unwrap();
    assert_eq!((point.minimum, point.last, point.maximum), (7.0, 7.0, 7.0));
    assert!(!point.is_fresh);
    gauge.increment(&SHARING, 1.0);
    let point = gauge.drain().0.unwrap();
    assert_eq!((point.minimum, point.last, point.maximum), (8.0, 8.0, 8.0));
    assert!(point.is_fresh);
}

#[test]
fn what_a_gauge_refuses_does_not_change_it() {
    let gauge = Gauge::new(mark());
    gauge.set(&SHARING, f64::NAN);
    let (point, refused) = gauge.drain();
    assert_eq!(point, None);
    assert_eq!(refused[0], (ValueFault::NotANumber, 1));
    gauge.set(&SHARING, limits::MAX_VALUE);
    gauge.increment(&SHARING, limits::MAX_VALUE);
    gauge.increment(&SHARING, f64::NEG_INFINITY);
    let (point, refused) = gauge.drain();
    assert_eq!(point.unwrap().last, limits::MAX_VALUE);
    assert_eq!(
        refused,
        [
            (ValueFault::NotANumber, 0),
            (ValueFault::Infinite, 1),
            (ValueFault::OutOfRange, 1)
        ]
    );
}

#[test]
fn every_window_of_a_histogram_is_whole() {
    let histogram = Histogram::new(mark());
    let mut point = HistogramPoint::default();
    let windows = race(
        4,
        |recorder, thread| {
            // Powers of two: their sums are exact in any order.
            for n in 0..50_000 {
                histogram.record(recorder, f64::from(1 << ((n + thread) % 20)));
            }
        },
        |windows| {
            histogram.drain(&mut point);
            windows.push(point.clone());
        },
    );
    let (mut count, mut sum) = (0, 0.0);
    for window in windows.iter().filter(|window| window.count > 0) {
        let floors = window.buckets.iter();
        let exact: f64 = floors
            .map(|bucket| bucket.bounds().0 * as_float(bucket.count))
            .sum();
        assert_eq!(window.sum, exact);
        assert_eq!(window.minimum, window.buckets[0].bounds().0);
        assert_eq!(window.maximum, window.buckets.last().unwrap().bounds().0);
        count += window.count;
        sum += window.sum;
    }
    assert_eq!(count, 200_000);
    assert_eq!(sum, 10_000.0 * f64::from((1 << 20) - 1));
}

#[test]
fn many_samples_at_once_do_not_overflow_a_bucket() {
    many_samples_at_once(&SHARING);
    many_samples_at_once(&owner());
}

fn many_samples_at_once(recorder: &Recorder) {
    let histogram = Histogram::new(mark());
    let mut point = HistogramPoint::default();
    heat_up(&histogram, recorder, &mut point);
    let mut all = 0;
    let amounts = [u64::from(u32::MAX), 1 << 40, (1 << 20) - 1, 1, 0];
    for samples in amounts
        .into_iter()
        .chain(std::iter::repeat_n((1 << 20) - 1, 5_000))
    {
        histogram.record_many(recorder, 3.0, samples);
        all += samples;
    }
    histogram.drain(&mut point);
    assert_eq!((point.count, point.buckets.len()), (all, 1));
    assert_eq!(point.sum, as_float(all) * 3.0);
    histogram.drain(&mut point);
    assert_eq!(point.count, 0);
}

/// Opens the recorder's lane, if it is to have one, by records that are drained.
fn heat_up(histogram: &Histogram, recorder: &Recorder, point: &mut HistogramPoint) {
    (0..100).for_each(|_| histogram.record(recorder, 0.0));
    histogram.drain(point);
    assert_eq!(point.count, 100);
}

#[test]
fn counts_without_end_stop_at_the_greatest_number() {
    counts_without_end(&SHARING);
    counts_without_end(&owner());
}

fn counts_without_end(recorder: &Recorder) {
    let histogram = Histogram::new(mark());
    let mut point = HistogramPoint::default();
    heat_up(&histogram, recorder, &mut point);
    for value in [0.0, 0.0, 1.0, 1.0, 2.0, f64::NAN, f64::NAN] {
        histogram.record_many(recorder, value, u64::MAX);
    }
    let refused = histogram.drain(&mut point);
    assert_eq!(point.count, u64::MAX);
    assert_eq!(refused[0], (ValueFault::NotANumber, u64::MAX));
    assert!(point.buckets.iter().all(|bucket| bucket.count == u64::MAX));
}

#[test]
fn a_sum_is_exact_whatever_its_parts_are() {
    a_sum_is_exact(&SHARING);
    a_sum_is_exact(&owner());
}

fn a_sum_is_exact(recorder: &Recorder) {
    let histogram = Histogram::new(mark());
    let mut point = HistogramPoint::default();
    histogram.record(recorder, 1e16);
    for _ in 0..1_000_000 {
        histogram.record(recorder, 1.0);
    }
    histogram.drain(&mut point);
    assert_eq!(point.sum, 1e16 + 1e6);
    for _ in 0..1_000_000 {
        histogram.record(recorder, 0.1);
        histogram.record(recorder, 0.3);
    }
    histogram.drain(&mut point);
    assert!((point.sum - 4e5).abs() < 4e5 * 1e-15, "{}", point.sum);
}

proptest! {
    #[test]
    fn a_histogram_accounts_for_every_sample(
        samples in prop::collection::vec((any_value(), 1..10u64, 0..3usize), 1..200),
    ) {
        let histogram = Histogram::new(mark());
        let mut point = HistogramPoint::default();
        let slots = Slots::new();
        let recorders = [SHARING, Recorder(slots.take()), Recorder(slots.take())];
        for &(value, count, recorder) in &samples {
            match count {
                1..5 => (0..count).for_each(|_| histogram.record(&recorders[recorder], value)),
                _ => histogram.record_many(&recorders[recorder], value, count),
            }
        }
        let samples: Vec<_> = samples.iter().map(|&(value, count, _)| (value, count)).collect();
        let refused = histogram.drain(&mut point);
        let kept: Vec<(f64, u64)> = samples
            .iter()
            .filter_map(|&(value, count)| Some((limits::check_value(value).ok()?, count)))
            .collect();
        let recorded: u64 = samples.iter().map(|&(_, count)| count).sum();
        prop_assert_eq!(point.count, kept.iter().map(|&(_, count)| count).sum::<u64>());
        prop_assert_eq!(point.count + refused.map(|(_, count)| count).iter().sum::<u64>(), recorded);
        if point.count > 0 {
            let values = kept.iter().map(|&(value, _)| value);
            prop_assert_eq!(point.minimum, values.clone().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(point.maximum, values.fold(f64::NEG_INFINITY, f64::max));
            let sum: f64 = kept.iter().map(|&(value, count)| value * as_float(count)).sum();
            let size: f64 = kept.iter().map(|&(value, count)| value.abs() * as_float(count)).sum();
            prop_assert!((point.sum - sum).abs() <= size * 1e-12);
        }
        for pair in point.buckets.windows(2) {
            prop_assert!(pair[0].place < pair[1].place);
        }
        for bucket in &point.buckets {
            let (low, high) = bucket.bounds();
            let within = kept.iter().filter(|&&(value, _)| {
                if bucket.place > 0 { low <= value && value < high }
                else { low < value && value <= high || low == value && high == value }
            });
            prop_assert_eq!(bucket.count, within.map(|&(_, count)| count).sum::<u64>());
        }
    }

    #[test]
    fn an_absolute_counter_publishes_its_greatest_total(
        totals in prop::collection::vec((0..1_000u64, any::<bool>()), 0..50),
    ) {
        let counter = Counter::new(mark());
        let (mut published, mut greatest) = (0, 0);
        for (total, drain) in totals {
            counter.absolute(total);
            greatest = greatest.max(total);
            if drain {
                published += counter.drain();
                prop_assert_eq!(published, greatest);
            }
        }
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>(),
        4 => -1e6..1e6f64,
        2 => (-300..300i32).prop_map(f64::from),
        1 => prop::sample::select(vec![
            0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 1e300,
            limits::MAX_VALUE, -limits::MAX_VALUE, limits::MIN_MAGNITUDE,
        ]),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "test data are small")]
fn as_float(count: u64) -> f64 {
    count as f64
}
