//! Gauges: every value is within the extremes of a window, and the last one is taken last.

use super::explore;
use crate::aggregate::fixtures::{GaugePoint, take_gauge};
use crate::aggregate::{Aggregate, Gauge};
use loom::sync::Arc;
use loom::thread;

/// As a snapshot does.
fn take(gauge: &Gauge) -> Option<GaugePoint> {
    let point = gauge.may_have_changed().then(|| take_gauge(gauge))??;
    assert!(point.min <= point.last && point.last <= point.max);
    Some(point)
}

/// Two threads set, after a value between theirs was taken, while a third takes.
#[test]
fn each_value_is_taken() {
    explore(2, || {
        let gauge = Arc::new(Gauge::new());
        let recorders = [-5.0, 9.0].map(|value| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.set(value))
        });
        let first = take(&gauge);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let points: Vec<GaugePoint> = first.into_iter().chain(take(&gauge)).collect();
        // A value that is set as a snapshot is taken may show in both windows.
        assert!(points.iter().any(|point| point.min == -5.0));
        assert!(points.iter().any(|point| point.max == 9.0));
        assert!([-5.0, 9.0].contains(&points.last().unwrap().last));
        assert_eq!(take(&gauge), None);
    });
}

/// The first value is taken as it is, not as what a gauge starts from.
#[test]
fn the_first_value_is_the_first() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new());
        let recording = Arc::clone(&gauge);
        let recorder = thread::spawn(move || recording.set(5.0));
        // Without a look before: loom then takes all that the look might have seen for seen.
        let first = take_gauge(&gauge);
        recorder.join().unwrap();
        let point = first.or(take(&gauge)).unwrap();
        assert_eq!((point.min, point.last, point.max), (5.0, 5.0, 5.0));
    });
}

/// A value within the extremes moves none: it is taken all the same, as the last one.
#[test]
fn the_last_value_is_taken() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new());
        for value in [1.0, 9.0, 2.0] {
            gauge.set(value);
        }
        let recording = Arc::clone(&gauge);
        let recorder = thread::spawn(move || {
            recording.set(5.0);
            recording.set(3.0);
        });
        let first = take(&gauge).unwrap();
        assert_eq!((first.min, first.max), (1.0, 9.0));
        recorder.join().unwrap();
        let last = take(&gauge).map_or(first.last, |point| point.last);
        assert_eq!(last, 3.0);
        assert_eq!(take(&gauge), None);
    });
}

/// Increments by two threads go on from one another, and across windows.
#[test]
fn increments_go_on_across_windows() {
    explore(2, || {
        let gauge = Arc::new(Gauge::new());
        let recorders = [1.0, 2.0].map(|amount| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.increment(amount))
        });
        let first = take(&gauge);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let points: Vec<GaugePoint> = first.into_iter().chain(take(&gauge)).collect();
        assert_eq!(points.last().unwrap().last, 3.0);
        assert!(points.iter().any(|point| point.max == 3.0));
    });
}
