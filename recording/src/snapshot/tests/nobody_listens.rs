//! What a recorder does when nobody takes what it records: after the snapshotter, and in a forked child.

use super::{Both, KEY, METADATA, numbered};
use metrics::{Key, Recorder as _, Unit};
use std::sync::mpsc;
use std::thread;

#[test]
fn after_the_snapshotter_there_are_no_new_series() {
    let both = Both::new();
    let held = both.counter(&KEY);
    both.counter(&KEY).increment(1);
    both.gauge(&KEY).set(1.0);
    both.histogram(&KEY).record(1.0);
    let Both {
        recorder,
        snapshotter,
    } = both;
    drop(snapshotter);
    held.increment(1);
    let allocated = allocation_counter::measure(|| {
        for number in 0..10_000 {
            let key = numbered(number);
            recorder.register_counter(&key, &METADATA).increment(1);
            recorder.register_gauge(&key, &METADATA).set(1.0);
            recorder.register_histogram(&key, &METADATA).record(1.0);
            let name = key.labels().next().unwrap().value().to_owned();
            recorder.describe_counter(name.into(), Some(Unit::Bytes), "".into());
        }
    });
    assert_eq!(allocated.bytes_current, 0);
    assert_eq!(recorder.registry().counters.known(), 0);
}

#[test]
fn a_series_goes_with_the_snapshotter() {
    let mut both = Both::new();
    both.counter(&KEY).increment(1);
    let mut series = None;
    both.snapshotter.visit(
        super::minute(0),
        |_| true,
        |event| {
            if let crate::Event::Point(point) = event {
                series = Some(std::sync::Arc::downgrade(point.series));
            }
        },
    );
    drop(both.snapshotter);
    assert_eq!(
        series.unwrap().strong_count(),
        0,
        "though this thread knew it"
    );
}

/// In one place of memory, as a macro has it.
static NAME: &str = "n";

/// The child inherited the map's lock from a thread that is not there.
#[test]
fn a_forked_child_waits_for_no_lock() {
    let Both {
        recorder,
        snapshotter,
    } = Both::new();
    let counter = |key: &Key| recorder.register_counter(key, &METADATA);
    let known = counter(&KEY);
    let describe = |unit| recorder.describe_counter(NAME.into(), Some(unit), "".into());
    describe(Unit::Bytes);
    let (locks, is_locked) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let registry = recorder.registry();
        scope.spawn(move || {
            registry.counters.while_locked(|| {
                locks.send(()).unwrap();
                ends.recv().unwrap_err();
            });
        });
        is_locked.recv().unwrap();
        registry.pretend_forked();
        counter(&numbered(1)).increment(1);
        counter(&KEY).increment(1);
        describe(Unit::Bytes);
        recorder.describe_counter("new".into(), Some(Unit::Bytes), "".into());
        known.increment(1);
        drop(snapshotter);
        drop(end);
    });
    assert_eq!(recorder.registry().counters.known(), 1);
}

#[test]
fn a_cache_has_no_copies_of_labels() {
    let both = Both::new();
    let label = |number: usize| format!("{number}{}", "x".repeat(1_000));
    let key = |number| Key::from_parts("n", vec![metrics::Label::new("label", label(number))]);
    let keys: Vec<Key> = (0..500).map(key).collect();
    for key in &keys {
        both.counter(key).increment(1);
    }
    thread::scope(|scope| {
        let looks_up = || {
            let allocated = allocation_counter::measure(|| {
                for key in &keys {
                    both.counter(key).increment(1);
                }
            });
            let each = allocated.bytes_current / 500;
            assert!((0..1_000).contains(&each), "{each} bytes");
        };
        scope.spawn(looks_up).join().unwrap();
    });
}
