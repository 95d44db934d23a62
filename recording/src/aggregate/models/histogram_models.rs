//! Histograms: each window has whole samples, and each sample is in one window.

use super::explore;
use crate::aggregate::fixtures::{
    SHARING, TestThread, none_free, take_histogram, take_with_refused,
};
use crate::aggregate::shard_index::ShardIndexes;
use crate::aggregate::{Aggregate, Buckets, Histogram};
use loom::sync::Arc;
use loom::thread;

/// Of values that are the lowest of their buckets, so that all else follows from the buckets.
fn check(window: &Buckets) {
    let values: Vec<(f64, f64)> = window
        .iter()
        .map(|bucket| {
            let count = f64::from(u32::try_from(bucket.count).unwrap());
            (bucket.bounds().0, count)
        })
        .collect();
    let sum: f64 = values.iter().map(|(value, count)| value * count).sum();
    assert_eq!(window.sum(), sum);
    assert_eq!(window.min(), values.first().map(|(value, _)| *value));
    assert_eq!(window.max(), values.last().map(|(value, _)| *value));
}

/// Two threads without shards meet, while a third takes: who finds the first buckets taken makes the next.
#[test]
fn samples_in_shared_buckets_are_taken_once() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new());
        let recorders = [1.0, 4.0].map(|value| {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record(&SHARING, value))
        });
        let mut windows = vec![take_histogram(&histogram), take_histogram(&histogram)];
        for recorder in recorders {
            recorder.join().unwrap();
        }
        windows.push(take_histogram(&histogram));
        windows.iter().for_each(check);
        let of = |part: fn(&Buckets) -> f64| windows.iter().map(part).sum::<f64>();
        assert_eq!(of(Buckets::sum), 5.0);
        assert_eq!(windows.iter().map(Buckets::count).sum::<u64>(), 2);
        assert_eq!(take_histogram(&histogram).count(), 0);
    });
}

/// Two threads record what is no number, or one of them a number, while a third takes.
#[test]
fn each_refused_value_is_taken_once() {
    for values in [[f64::NAN, f64::NAN], [f64::NAN, 1.0]] {
        explore(3, move || {
            let histogram = Arc::new(Histogram::new());
            let recorders = [(values[0], 1), (values[1], 2)].map(|(value, samples)| {
                let histogram = Arc::clone(&histogram);
                thread::spawn(move || histogram.record_many(&SHARING, value, samples))
            });
            let take = || {
                let (taken, refused) = take_with_refused(&histogram, none_free());
                taken.count() + refused.iter().sum::<u64>()
            };
            let mut all = take() + take();
            for recorder in recorders {
                recorder.join().unwrap();
            }
            all += take();
            assert_eq!(all, 3);
        });
    }
}

/// A thread records, first to shared buckets, then in its shard, while another takes.
#[test]
fn a_histogram_is_promoted() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new());
        let recording = Arc::clone(&histogram);
        let recording = thread::spawn(move || {
            let thread = TestThread::start(&ShardIndexes::new());
            (0..3).for_each(|_| recording.record(&thread, 1.0));
        });
        let mut count = take_histogram(&histogram).count();
        count += take_histogram(&histogram).count();
        recording.join().unwrap();
        assert_eq!(count + take_histogram(&histogram).count(), 3);
    });
}

/// One thread goes round its ring while another takes: each window is whole, and no sample is lost.
#[test]
fn a_ring_is_taken_once() {
    explore(2, || {
        let histogram = Arc::new(Histogram::new());
        let thread = TestThread::start(&ShardIndexes::new());
        histogram.record(&thread, 0.0);
        take_histogram(&histogram);
        let recording = Arc::clone(&histogram);
        let recording = thread::spawn(move || {
            // Twice round the ring.
            for value in [1.0, 1.5, 2.0, 4.0, 8.0] {
                recording.record(&thread, value);
            }
        });
        let mut windows = vec![take_histogram(&histogram), take_histogram(&histogram)];
        recording.join().unwrap();
        windows.push(take_histogram(&histogram));
        windows.iter().for_each(check);
        assert_eq!(windows.iter().map(Buckets::sum).sum::<f64>(), 16.5);
        assert_eq!(windows.iter().map(Buckets::count).sum::<u64>(), 5);
    });
}
