//! Gauges: every value is within the extremes of one window, and the last one stays.

use crate::aggregate::{Gauge, GaugePoint};
use crate::explore;
use crate::thread::{SHARING, mark};
use loom::sync::Arc;
use loom::thread;

/// Two threads set while a third drains.
pub fn each_value_is_told() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new(mark()));
        let recorders = [-5.0, 9.0].map(|value| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.set(&SHARING, value))
        });
        let first = gauge.drain().0;
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let second = gauge.drain().0.unwrap();
        let fresh: Vec<GaugePoint> = first
            .into_iter()
            .chain([second])
            .filter(|point| point.is_fresh)
            .collect();
        for point in &fresh {
            assert!(point.minimum <= point.last && point.last <= point.maximum);
        }
        let windows = |value: f64, is_at: fn(&GaugePoint) -> f64| {
            fresh.iter().filter(|point| is_at(point) == value).count()
        };
        // A value that is set in the moment of a drain may show in both windows.
        assert!(windows(-5.0, |point| point.minimum) >= 1);
        assert!(windows(9.0, |point| point.maximum) >= 1);
        assert!([-5.0, 9.0].contains(&second.last));
    });
}

/// The first value is told as it is, not as what a gauge starts from.
pub fn the_first_value_is_the_first() {
    explore(4, || {
        let gauge = Arc::new(Gauge::new(mark()));
        let recording = Arc::clone(&gauge);
        let recorder = thread::spawn(move || recording.set(&SHARING, 5.0));
        let first = gauge.drain().0;
        recorder.join().unwrap();
        if let Some(first) = first {
            assert_eq!((first.minimum, first.last, first.maximum), (5.0, 5.0, 5.0));
        }
    });
}

/// Whatever a drain just missed, the next one of the same window tells.
pub fn the_last_value_is_told() {
    explore(4, || {
        let gauge = Arc::new(Gauge::new(mark()));
        gauge.set(&SHARING, 1.0);
        let told = |last: f64, gauge: &Gauge| match gauge.drain().0 {
            Some(point) if point.is_fresh => point.last,
            _ => last,
        };
        let last = told(0.0, &gauge);
        let recording = Arc::clone(&gauge);
        let recorder = thread::spawn(move || {
            recording.set(&SHARING, 5.0);
            recording.set(&SHARING, 9.0);
        });
        let last = told(last, &gauge);
        recorder.join().unwrap();
        assert_eq!(told(last, &gauge), 9.0);
    });
}

/// Increments by two threads go on from one another, and across windows.
pub fn increments_go_on_across_windows() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new(mark()));
        let recorders = [1.0, 2.0].map(|amount| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.increment(&SHARING, amount))
        });
        let first = gauge.drain().0;
        if let Some(first) = first {
            assert!(first.minimum <= first.last && first.last <= first.maximum);
        }
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let last = gauge.drain().0.unwrap();
        assert_eq!(last.last, 3.0);
        assert_eq!(last.maximum, 3.0);
    });
}
