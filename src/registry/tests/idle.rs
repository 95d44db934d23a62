//! What is idle goes, and nothing with it.

use super::numbered;
use crate::dimension::Dimensions;
use crate::registry::{IdleTimeout, Point, Registry};
use metrics::{Key, Label};
use metrics_util::MetricKindMask;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KEY: Key = Key::from_static_name("n");

fn registry(mask: MetricKindMask) -> Registry {
    let timeout = Some(Duration::from_mins(5));
    let defaults = Dimensions::from([("stage".into(), "test".into())]);
    Registry::new(Arc::new(defaults), IdleTimeout { mask, timeout })
}

fn minute(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(minute)
}

/// What a minute's drain tells: counters' growth, gauges' last values, histograms' counts.
fn told(registry: &Registry, at: u64) -> Vec<f64> {
    let mut told = Vec::new();
    registry.drain(minute(at), true, |drained| {
        told.push(match drained.point {
            Point::None => f64::NAN,
            Point::Counter(delta) => f64::from(u32::try_from(delta).unwrap()),
            Point::Gauge(point) => point.last,
            Point::Histogram(point) => f64::from(u32::try_from(point.count).unwrap()),
        });
    });
    told
}

#[test]
fn an_idle_series_leaves_memory_and_comes_back() {
    let registry = registry(MetricKindMask::ALL);
    registry.counter(&KEY).increment(3);
    registry.histogram(&KEY).record(1.0);
    registry.gauge(&KEY).set(7.0);
    assert_eq!(told(&registry, 1), [3.0, 7.0, 1.0]);
    assert_eq!(told(&registry, 5), [7.0]);
    assert_eq!(registry.known(), 3);
    assert_eq!(told(&registry, 6), [] as [f64; 0]);
    assert_eq!(registry.known(), 0, "though this thread has looked them up");
    assert_eq!(told(&registry, 7), [] as [f64; 0]);
    registry.counter(&KEY).increment(4);
    registry.gauge(&KEY).set(8.0);
    registry.histogram(&KEY).record(1.0);
    assert_eq!(told(&registry, 8), [4.0, 8.0, 1.0]);
    assert_eq!(told(&registry, 9), [8.0]);
}

#[test]
fn what_is_recorded_to_all_the_time_stays() {
    let registry = registry(MetricKindMask::ALL);
    for at in 0..30 {
        registry.counter(&KEY).increment(1);
        assert_eq!(told(&registry, at * 4), [1.0]);
    }
}

#[test]
fn a_handle_that_is_held_goes_on() {
    let registry = registry(MetricKindMask::ALL);
    let (counter, gauge) = (registry.counter(&KEY), registry.gauge(&KEY));
    counter.increment(1);
    gauge.set(5.0);
    assert_eq!(told(&registry, 0), [1.0, 5.0]);
    assert_eq!(told(&registry, 5), [] as [f64; 0], "silent, but there");
    assert_eq!(told(&registry, 11), [] as [f64; 0]);
    counter.increment(2);
    registry.counter(&KEY).increment(2);
    gauge.set(6.0);
    assert_eq!(told(&registry, 12), [4.0, 6.0]);
    assert_eq!(told(&registry, 13), [6.0]);
    drop((counter, gauge));
    assert_eq!(told(&registry, 18), [] as [f64; 0]);
    assert_eq!(registry.known(), 0);
}

#[test]
fn only_the_kinds_of_the_mask_go() {
    let registry = registry(MetricKindMask::COUNTER | MetricKindMask::HISTOGRAM);
    registry.counter(&KEY).increment(1);
    registry.gauge(&KEY).set(5.0);
    registry.histogram(&KEY).record(1.0);
    assert_eq!(told(&registry, 0).len(), 3);
    assert_eq!(told(&registry, 60), [5.0]);
    assert_eq!(registry.known(), 1);
}

#[test]
fn a_total_is_not_told_twice() {
    let registry = registry(MetricKindMask::ALL);
    registry.counter(&KEY).absolute(100);
    assert_eq!(told(&registry, 0), [100.0]);
    assert_eq!(told(&registry, 60), [] as [f64; 0]);
    registry.counter(&KEY).absolute(101);
    assert_eq!(told(&registry, 61), [1.0]);
}

#[test]
fn a_gauge_that_is_not_at_zero_goes_on_from_there() {
    let registry = registry(MetricKindMask::ALL);
    registry.gauge(&KEY).increment(2.0);
    assert_eq!(told(&registry, 0), [2.0]);
    assert_eq!(told(&registry, 60), [] as [f64; 0]);
    registry.gauge(&KEY).decrement(2.0);
    assert_eq!(told(&registry, 61), [0.0]);
    assert_eq!(told(&registry, 66), [] as [f64; 0]);
    assert_eq!(registry.known(), 0);
}

#[test]
fn all_keys_of_a_series_go_with_it() {
    let registry = registry(MetricKindMask::ALL);
    let alias = Key::from_parts("n", vec![Label::new("stage", "test")]);
    registry.counter(&KEY).increment(1);
    registry.counter(&alias).increment(1);
    assert_eq!(registry.known(), 2);
    assert_eq!(told(&registry, 0), [2.0]);
    assert_eq!(told(&registry, 5), [] as [f64; 0]);
    assert_eq!(registry.known(), 0);
    registry.counter(&alias).increment(1);
    registry.counter(&KEY).increment(1);
    assert_eq!(told(&registry, 6), [2.0]);
}

#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let registry = registry(MetricKindMask::ALL);
    registry.gauge(&KEY).set(1.0);
    assert_eq!(told(&registry, 100), [1.0]);
    assert_eq!(told(&registry, 10), [1.0]);
    assert_eq!(told(&registry, 14), [1.0]);
    assert_eq!(told(&registry, 15), [] as [f64; 0]);
}

/// Series go and come back all the time under threads that record to them, by macro or by handle.
#[test]
fn nothing_is_lost_as_series_come_and_go() {
    let registry = registry(MetricKindMask::ALL);
    let is_over = AtomicBool::new(false);
    let mut all = 0.0;
    let mut at = 0;
    thread::scope(|scope| {
        let registry = &registry;
        let records = move || {
            for n in 0..30_000 {
                let key = numbered(n % 3);
                registry.counter(&key).increment(1);
                let held = registry.counter(&key);
                held.increment(1);
                if n % 64 == 0 {
                    thread::yield_now();
                }
                held.increment(1);
            }
        };
        let threads = [scope.spawn(records), scope.spawn(records)];
        let is_over = &is_over;
        scope.spawn(move || {
            for thread in threads {
                thread.join().unwrap();
            }
            is_over.store(true, Ordering::Release);
        });
        while !is_over.load(Ordering::Acquire) {
            at += 5;
            all += told(registry, at).iter().sum::<f64>();
        }
    });
    all += told(&registry, at + 5).iter().sum::<f64>();
    assert_eq!(all, 2.0 * 3.0 * 30_000.0);
    told(&registry, at + 10);
    assert_eq!(registry.known(), 0);
}
