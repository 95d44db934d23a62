//! Lanes: handed from thread to thread, and by more threads than there are slots.

use super::{Recorder, SHARING, as_float, mark, owner, race};
use crate::aggregate::{Counter, Gauge, Histogram, HistogramPoint, Slot, Slots};
use crate::sync::SLOTS;
use proptest::prelude::*;
use std::thread;

/// Threads that come and go, each with a slot for as long as it lives.
fn generations(threads: usize, at_a_time: usize, record: impl Fn(&Recorder) + Sync) {
    let slots = Slots::new();
    for _ in 0..threads / at_a_time {
        thread::scope(|scope| {
            for _ in 0..at_a_time {
                scope.spawn(|| {
                    let recorder = Recorder(slots.take());
                    record(&recorder);
                    slots.give_back(recorder.0);
                });
            }
        });
    }
}

#[test]
fn lanes_go_on_with_the_next_thread() {
    let (counter, gauge, histogram) = (
        Counter::new(mark()),
        Gauge::new(mark()),
        Histogram::new(mark()),
    );
    let mut point = HistogramPoint::default();
    (0..100).for_each(|_| histogram.record(&owner(), 1.0));
    histogram.drain(&mut point);
    generations(1_000, 4, |recorder| {
        for _ in 0..99 {
            counter.increment(recorder, 3);
            gauge.increment(recorder, 1.0);
            histogram.record(recorder, 1.0);
        }
    });
    assert_eq!(counter.drain(), 1_000 * 99 * 3);
    let gauge = gauge.drain().0.unwrap();
    assert_eq!((gauge.minimum, gauge.maximum), (1.0, 99_000.0));
    histogram.drain(&mut point);
    assert_eq!((point.count, point.sum), (99_000, 99_000.0));
    assert_eq!((point.minimum, point.maximum), (1.0, 1.0));
    let four = 4 * (1_024 + 512) + 2_048 + 4_096;
    assert!(histogram.memory() < four, "{} bytes", histogram.memory());
}

#[test]
fn threads_beyond_the_slots_share() {
    let slots = Slots::new();
    let taken: Vec<Slot> = (0..SLOTS).map(|_| slots.take()).collect();
    assert!(!taken.contains(&Slot::NONE));
    assert_eq!(slots.take(), Slot::NONE);
    let (counter, histogram) = (Counter::new(mark()), Histogram::new(mark()));
    for slot in taken.iter().copied().chain([Slot::NONE; 9]) {
        for _ in 0..50 {
            counter.increment(&Recorder(slot), 1);
            histogram.record(&Recorder(slot), 2.0);
        }
    }
    let recorded = (SLOTS as u64 + 9) * 50;
    assert_eq!(counter.drain(), recorded);
    let mut point = HistogramPoint::default();
    histogram.drain(&mut point);
    assert_eq!(
        (point.count, point.sum),
        (recorded, as_float(recorded) * 2.0)
    );
    slots.give_back(taken[7]);
    assert_eq!(slots.take(), taken[7]);
}

#[test]
fn it_cools_between_windows() {
    let (counter, recorder) = (Counter::new(mark()), owner());
    for _ in 0..100 {
        (0..20).for_each(|_| counter.increment(&recorder, 1));
        assert_eq!(counter.drain(), 20);
    }
    assert_eq!(counter.lanes(), 0);
    (0..40).for_each(|_| counter.increment(&recorder, 1));
    assert_eq!(counter.lanes(), 1);
    assert_eq!(counter.drain(), 40);
}

#[test]
fn totals_and_increments_in_lanes_add_up() {
    let counter = Counter::new(mark());
    let windows = race(
        4,
        |recorder, thread| {
            for n in 0..50_000 {
                if thread < 2 {
                    counter.increment(recorder, 1);
                } else {
                    counter.absolute(n);
                }
            }
        },
        |windows| windows.push(counter.drain()),
    );
    let total: u64 = windows.iter().sum();
    assert!((100_000..200_000).contains(&total), "{total}");
    assert!(windows.iter().all(|&window| window <= total), "{windows:?}");
    counter.absolute(total);
    assert_eq!(counter.drain(), 0);
    counter.absolute(total + 5);
    assert_eq!(counter.drain(), 5);
}

proptest! {
    /// Against a gauge that is one number.
    #[test]
    fn a_gauge_is_one_value_to_all_its_threads(
        records in prop::collection::vec((0..3usize, any::<bool>(), -9..9i32, 0..40u8), 1..400),
    ) {
        let (gauge, slots) = (Gauge::new(mark()), Slots::new());
        let recorders = [SHARING, Recorder(slots.take()), Recorder(slots.take())];
        let (mut last, mut values) = (0.0, Vec::new());
        for (recorder, sets, value, drains) in records {
            let value = f64::from(value);
            if sets {
                gauge.set(&recorders[recorder], value);
                last = value;
            } else {
                gauge.increment(&recorders[recorder], value);
                last += value;
            }
            values.push(last);
            if drains == 0 {
                let point = gauge.drain().0.unwrap();
                let of = |best: fn(f64, f64) -> f64| values.iter().copied().reduce(best).unwrap();
                prop_assert_eq!(
                    (point.minimum, point.last, point.maximum, point.is_fresh),
                    (of(f64::min), last, of(f64::max), true)
                );
                values.clear();
                prop_assert!(!gauge.drain().0.unwrap().is_fresh);
            }
        }
    }
}
