//! Gauges: every value is within the extremes of one window, and the last one stays.

use crate::aggregate::{Gauge, GaugePoint};
use crate::explore;
use loom::sync::Arc;
use loom::thread;

/// Two threads set while a third drains.
pub fn each_value_is_in_one_window() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new());
        let recorders = [-5.0, 9.0].map(|value| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.set(value))
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
        // The value may be told again where it was the last one when the next window began.
        assert!(windows(-5.0, |point| point.minimum) >= 1);
        assert!(windows(9.0, |point| point.maximum) >= 1);
        assert!([-5.0, 9.0].contains(&second.last));
    });
}

/// Increments by two threads go on from one another, and across windows.
pub fn increments_go_on_across_windows() {
    explore(3, || {
        let gauge = Arc::new(Gauge::new());
        let recorders = [1.0, 2.0].map(|amount| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || gauge.increment(amount))
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
