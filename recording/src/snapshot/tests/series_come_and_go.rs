//! What is idle is evicted, and nothing goes with it.

use super::{Both, KEY, numbered};
use crate::{Event, MetricPolicy, SeriesId};
use metrics::{Key, Label, Recorder as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const NOTHING: [f64; 0] = [];

fn five_minutes() -> Both {
    let timeout = Some(Duration::from_mins(5));
    Both::with(MetricPolicy::default().with_idle_timeout(timeout))
}

#[test]
fn an_idle_series_leaves_memory_and_comes_back() {
    let mut both = five_minutes();
    both.counter(&KEY).increment(3);
    both.gauge(&KEY).set(7.0);
    both.histogram(&KEY).record(1.0);
    let first = both.events(1);
    assert_eq!(first.values, [3.0, 7.0, 1.0]);
    let before = both.events(5);
    assert_eq!((before.values.len(), before.evicted.len()), (0, 0));
    assert_eq!(both.known(), 3);
    let mut evicted = both.events(6).evicted;
    evicted.sort_unstable();
    assert_eq!(evicted, first.ids);
    assert_eq!(both.known(), 0, "though this thread has looked them up");
    assert_eq!(both.events(7).values, NOTHING);
    both.counter(&KEY).increment(4);
    both.gauge(&KEY).set(8.0);
    both.histogram(&KEY).record(1.0);
    let again = both.events(8);
    assert_eq!(again.values, [4.0, 8.0, 1.0]);
    // The same places, for others.
    for id in again.ids {
        assert!(id.index < 3 && id.generation == 1, "{id:?}");
    }
}

#[test]
fn without_a_timeout_all_stays() {
    let mut both = Both::new();
    both.counter(&KEY).increment(1);
    assert_eq!(both.events(0).values, [1.0]);
    assert_eq!(both.events(1_000_000).evicted, []);
    assert_eq!(both.known(), 1);
}

#[test]
fn what_is_recorded_to_all_the_time_stays() {
    let mut both = five_minutes();
    for at in 0..30 {
        both.counter(&KEY).increment(1);
        let events = both.events(at * 4);
        assert_eq!(
            (events.values.as_slice(), events.evicted.len()),
            (&[1.0][..], 0)
        );
    }
}

#[test]
fn a_series_with_shards_is_evicted_too() {
    let mut both = five_minutes();
    (0..10_000).for_each(|_| both.counter(&KEY).increment(1));
    (0..10_000).for_each(|_| both.histogram(&KEY).record(1.0));
    assert_eq!(both.events(0).values, [10_000.0, 10_000.0]);
    assert_eq!(both.events(5).evicted.len(), 2);
    assert_eq!(both.known(), 0);
}

#[test]
fn a_handle_that_is_held_goes_on_under_a_new_generation() {
    let mut both = five_minutes();
    let (counter, gauge) = (both.counter(&KEY), both.gauge(&KEY));
    counter.increment(1);
    gauge.set(5.0);
    let first = both.events(0);
    assert_eq!(first.values, [1.0, 5.0]);
    let idle = both.events(5);
    assert_eq!(
        (idle.values.as_slice(), idle.evicted.len()),
        (&NOTHING[..], 2)
    );
    assert_eq!(both.known(), 2, "evicted, but there");
    let still = both.events(11);
    assert_eq!((still.values.len(), still.evicted.len()), (0, 0), "once");
    counter.increment(2);
    both.counter(&KEY).increment(2);
    gauge.set(6.0);
    let again = both.events(12);
    assert_eq!(again.values, [4.0, 6.0]);
    for (before, after) in first.ids.iter().zip(&again.ids) {
        let generation = before.generation + 1;
        let index = before.index;
        assert_eq!(*after, SeriesId { index, generation });
    }
    drop((counter, gauge));
    assert_eq!(both.events(17).evicted.len(), 2);
    assert_eq!(both.known(), 0);
}

#[test]
fn a_held_series_that_is_dropped_later_leaves_memory() {
    let mut both = five_minutes();
    let counter = both.counter(&KEY);
    assert_eq!(both.events(0).evicted, []);
    assert_eq!(both.events(5).evicted.len(), 1, "it was never recorded to");
    assert_eq!(both.known(), 1);
    drop(counter);
    both.events(9);
    assert_eq!(both.known(), 1);
    assert_eq!(both.events(10).evicted, [], "once");
    assert_eq!(both.known(), 0);
}

/// So that no handle cache has the series.
fn by_a_thread_that_ends(record: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(record).join().unwrap());
}

#[test]
fn a_total_is_not_taken_twice() {
    let mut both = five_minutes();
    by_a_thread_that_ends(|| both.counter(&KEY).absolute(100));
    assert_eq!(both.events(0).values, [100.0]);
    assert_eq!(both.events(60).evicted.len(), 1);
    both.counter(&KEY).absolute(101);
    assert_eq!(both.events(61).values, [1.0]);
}

#[test]
fn a_gauge_that_is_not_at_zero_goes_on_from_there() {
    let mut both = five_minutes();
    by_a_thread_that_ends(|| both.gauge(&KEY).increment(2.0));
    assert_eq!(both.events(0).values, [2.0]);
    assert_eq!(both.events(60).evicted.len(), 1);
    both.gauge(&KEY).decrement(2.0);
    assert_eq!(both.events(61).values, [0.0]);
    assert_eq!(both.events(66).evicted.len(), 1);
    assert_eq!(both.known(), 0);
}

#[test]
fn all_keys_of_a_series_go_with_it() {
    let mut both = five_minutes();
    let alias = Key::from_parts("n", vec![Label::new("stage", "test")]);
    both.counter(&KEY).increment(1);
    both.counter(&alias).increment(1);
    assert_eq!(both.known(), 2);
    assert_eq!(both.events(0).values, [2.0]);
    assert_eq!(both.events(5).evicted.len(), 1);
    assert_eq!(both.known(), 0);
    both.counter(&alias).increment(1);
    both.counter(&KEY).increment(1);
    assert_eq!(both.events(6).values, [2.0]);
}

#[test]
fn a_refused_value_is_activity() {
    let mut both = five_minutes();
    both.gauge(&KEY).set(1.0);
    both.events(0);
    both.gauge(&KEY).set(f64::NAN);
    let events = both.events(4);
    assert_eq!((events.refused, events.values.len()), (1, 0));
    assert_eq!(both.events(8).evicted, []);
    assert_eq!(both.events(9).evicted.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let mut both = five_minutes();
    both.gauge(&KEY).set(1.0);
    assert_eq!(both.events(100).values, [1.0]);
    assert_eq!(both.events(10).evicted, []);
    assert_eq!(both.events(14).evicted, []);
    assert_eq!(both.events(15).evicted.len(), 1);
}

/// Whatever becomes of a consumer, series stay as they are.
#[test]
fn a_consumer_that_panics_leaves_the_series_whole() {
    let mut both = five_minutes();
    both.counter(&KEY).increment(1);
    both.events(0);
    let snapshotter = &mut both.snapshotter;
    let visit = AssertUnwindSafe(|| {
        snapshotter.visit(super::minute(5), |_| true, |event| panic!("{event:?}"));
    });
    catch_unwind(visit).unwrap_err();
    assert_eq!(both.known(), 0);
    both.counter(&KEY).increment(2);
    assert_eq!(both.events(6).values, [2.0]);
    both.events(11);
    assert_eq!(both.known(), 0);
    both.counter(&KEY).increment(3);
    assert_eq!(both.events(12).values, [3.0]);
}

#[test]
fn a_consumer_may_record() {
    let mut both = five_minutes();
    both.counter(&KEY).increment(1);
    let recorder = both.recorder.clone();
    for at in [0, 5, 10] {
        let each = |_: Event<'_>| {
            recorder
                .register_counter(&numbered(at), &super::METADATA)
                .increment(1);
        };
        let now = super::minute(at as u64);
        both.snapshotter.visit(now, |_| true, each);
    }
    assert_eq!(both.events(11).values, [2.0]);
}

/// Series go and come back all the time under threads that record to them, by macro or by handle.
#[test]
fn nothing_is_lost_as_series_come_and_go() {
    let mut both = five_minutes();
    let recorder = both.recorder.clone();
    let is_over = AtomicBool::new(false);
    let (mut all, mut evicted) = (0.0, 0);
    let mut at = 0;
    thread::scope(|scope| {
        let recorder = &recorder;
        let records = move || {
            let counter = |key: &Key| recorder.register_counter(key, &super::METADATA);
            for n in 0..30_000 {
                let key = numbered(n % 3);
                counter(&key).increment(1);
                let held = counter(&key);
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
            let events = both.events(at);
            all += events.values.iter().sum::<f64>();
            evicted += events.evicted.len();
        }
    });
    all += both.events(at + 5).values.iter().sum::<f64>();
    assert_eq!(all, 2.0 * 3.0 * 30_000.0);
    assert!(evicted > 0);
    both.events(at + 10);
    assert_eq!(both.known(), 0);
}
