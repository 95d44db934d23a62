//! Gauges: the last value stays, and each value is within the extremes of a window.

use super::race;
use crate::aggregate::fixtures::{GaugePoint, first_visit, take_gauge};
use crate::aggregate::{Aggregate, Gauge, Scratch};
use crate::refusal_reason::MAX_MAGNITUDE;
use proptest::prelude::*;

#[test]
fn the_increments_of_a_gauge_all_count() {
    let gauge = Gauge::new();
    let windows = race(
        4,
        |_, number| {
            for _ in 0..50_000 {
                gauge.increment(1.0);
                if number > 0 {
                    gauge.increment(-1.0);
                }
            }
        },
        |windows| windows.extend(take_gauge(&gauge)),
    );
    for point in &windows {
        assert!(point.min <= point.last && point.last <= point.max);
        assert!(point.min >= 0.0 && point.max <= 50_003.0);
    }
    assert_eq!(windows.last().unwrap().last, 50_000.0);
}

/// Each thread sets values that rise: whatever a snapshot meets, each value is within the extremes of a window, and
/// the last one is the last that was taken.
#[test]
fn no_value_of_a_gauge_is_in_no_window() {
    let gauge = Gauge::new();
    let windows = race(
        2,
        |_, number| {
            let sign = if number == 0 { 1.0 } else { -1.0 };
            (1..100_000).for_each(|n| gauge.set(sign * f64::from(n)));
        },
        |windows: &mut Vec<GaugePoint>| {
            if gauge.may_have_changed() {
                windows.extend(take_gauge(&gauge));
            }
        },
    );
    let of = |best: fn(f64, f64) -> f64, value: fn(&GaugePoint) -> f64| {
        windows.iter().map(value).reduce(best).unwrap()
    };
    assert_eq!(of(f64::max, |point| point.max), 99_999.0);
    assert_eq!(of(f64::min, |point| point.min), -99_999.0);
    assert_eq!(windows.last().unwrap().last.abs(), 99_999.0);
    assert!(!gauge.may_have_changed());
}

#[test]
fn a_gauge_goes_on_from_its_last_value() {
    let gauge = Gauge::new();
    let point = |last, min, max| Some(GaugePoint { last, min, max });
    assert!(!gauge.may_have_changed());
    assert_eq!(take_gauge(&gauge), None, "never had a value");
    gauge.set(5.0);
    gauge.set(100.0);
    gauge.increment(-93.0);
    assert!(gauge.may_have_changed());
    assert_eq!(take_gauge(&gauge), point(7.0, 5.0, 100.0));
    assert!(!gauge.may_have_changed());
    assert_eq!(take_gauge(&gauge), None);
    gauge.increment(1.0);
    assert_eq!(take_gauge(&gauge), point(8.0, 8.0, 8.0));
    gauge.set(8.0);
    assert!(gauge.may_have_changed(), "though it is what it was");
    assert_eq!(take_gauge(&gauge), point(8.0, 8.0, 8.0));
}

#[test]
fn a_first_value_of_zero_is_taken() {
    let gauge = Gauge::new();
    gauge.set(-0.0);
    assert!(gauge.may_have_changed());
    let point = take_gauge(&gauge).unwrap();
    assert_eq!((point.min, point.last, point.max), (0.0, 0.0, 0.0));
}

#[test]
fn what_a_gauge_refuses_does_not_change_it() {
    let gauge = Gauge::new();
    gauge.set(f64::NAN);
    assert!(gauge.may_have_changed());
    let mut scratch = Scratch::default();
    let (value, refused) = gauge.take(&mut scratch, first_visit());
    assert!(value.is_none());
    assert_eq!(refused, [1, 0, 0]);
    gauge.set(MAX_MAGNITUDE);
    gauge.increment(MAX_MAGNITUDE);
    gauge.increment(f64::NEG_INFINITY);
    assert_eq!(take_gauge(&gauge).unwrap().last, MAX_MAGNITUDE);
    gauge.increment(f64::INFINITY);
    gauge.increment(MAX_MAGNITUDE);
    assert_eq!(gauge.take(&mut scratch, first_visit()).1, [0, 1, 1]);
}

#[test]
fn an_increment_that_is_refused_does_not_make_a_gauge_relative() {
    let gauge = Gauge::new();
    gauge.set(5.0);
    gauge.increment(f64::NAN);
    assert!(!gauge.holds_state());
    gauge.increment(1.0);
    assert!(gauge.holds_state());
    gauge.increment(-6.0);
    assert!(!gauge.holds_state(), "at zero");
}

proptest! {
    /// Against a gauge that is one number.
    #[test]
    fn a_gauge_tells_the_extremes_of_each_window(
        records in prop::collection::vec((any::<bool>(), -9..9i32, 0..40u8), 1..400),
    ) {
        let gauge = Gauge::new();
        let (mut last, mut values) = (0.0, Vec::new());
        for (sets, value, takes) in records {
            let value = f64::from(value);
            if sets {
                gauge.set(value);
                last = value;
            } else {
                gauge.increment(value);
                last += value;
            }
            values.push(last);
            if takes == 0 {
                let point = take_gauge(&gauge).unwrap();
                let of = |best: fn(f64, f64) -> f64| values.iter().copied().reduce(best).unwrap();
                prop_assert_eq!(
                    (point.min, point.last, point.max),
                    (of(f64::min), last, of(f64::max))
                );
                values.clear();
                prop_assert!(!gauge.may_have_changed());
            }
        }
    }
}
