//! Handles of the overflow series that outlive the reason for them: places became free, and the series was evicted.

use super::{Both, KEY, METADATA, as_float, numbered};
use crate::{MetricPolicy, NameId, Recorder, RecordingPolicy};
use metrics::{Key, Label, Metadata, Recorder as _};
use metrics_util::MetricKind;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

fn idle_for_five_minutes(max_series: usize) -> MetricPolicy {
    MetricPolicy::default()
        .with_max_series(Some(max_series))
        .with_idle_timeout(Some(Duration::from_mins(5)))
}

fn growth<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    BTreeMap::from(expected.map(|(label, growth)| (label.to_owned(), growth)))
}

/// As no thread has keys of another, but all share the series.
fn increment_elsewhere(both: &Both, number: usize, by: u64) {
    thread::scope(|scope| {
        scope.spawn(|| both.counter(&numbered(number)).increment(by));
    });
}

#[test]
fn a_held_handle_goes_on_after_the_overflow_series_is_evicted() {
    let mut both = Both::with(idle_for_five_minutes(2));
    (0..2).for_each(|number| both.counter(&numbered(number)).increment(1));
    let held = both.counter(&numbered(2));
    held.increment(1);
    let before = both.events(0);
    assert_eq!(before.values, [1.0; 3]);
    assert_eq!(both.events(5).evicted.len(), 3, "the held one, too");
    assert_eq!(both.known(), 0);
    // The places are free: other threads have series of their own, and what is held takes none.
    held.increment(10);
    increment_elsewhere(&both, 2, 100);
    increment_elsewhere(&both, 3, 100);
    let after = both.events(6);
    assert_eq!(after.values, [10.0, 100.0, 100.0]);
    assert_eq!(after.ids[0], before.ids[2].next_generation());
    // What is beyond the limit now goes where the held handle goes.
    increment_elsewhere(&both, 4, 1_000);
    held.increment(10);
    assert_eq!(both.growth(), growth([("true", 1_010)]));
    // The thread itself looks again once it does not hold the handle any more.
    drop(held);
    both.counter(&numbered(2)).increment(1);
    assert_eq!(both.growth(), growth([("2", 1)]));
}

/// One series in all.
struct OneInAll;

impl RecordingPolicy for OneInAll {
    fn max_series(&self) -> Option<usize> {
        Some(1)
    }

    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        idle_for_five_minutes(usize::MAX)
    }
}

/// A place becomes free, and all threads are told, while one of them learns that there is none.
#[test]
fn a_thread_that_just_learnt_of_the_overflow_series_does_not_stay_there() {
    const ROUNDS: u64 = 200;
    let (recorder, snapshotter) = Recorder::new(OneInAll, UNIX_EPOCH);
    let mut both = Both {
        recorder: recorder.clone(),
        snapshotter,
    };
    // The thread copies the name between the two, which gives the snapshot the time to free a place in between.
    let name = "x".repeat(1 << 20);
    let key = Key::from_parts(name, vec![Label::new("number", "1")]);
    thread::scope(|scope| {
        let (begin, turns) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        scope.spawn(move || {
            for () in turns {
                recorder.register_counter(&key, &METADATA).increment(1);
                done.send(()).unwrap();
            }
        });
        for round in 0..ROUNDS {
            let now = round * 20;
            both.counter(&KEY).increment(1);
            assert_eq!(both.events(now).values, [1.0]);
            begin.send(()).unwrap();
            // At another moment of the look-up each time.
            (0..round % 100 * 1_000).for_each(|_| std::hint::spin_loop());
            let during = both.events(now + 5);
            is_done.recv().unwrap();
            begin.send(()).unwrap();
            is_done.recv().unwrap();
            let after = both.growth();
            assert!(after.contains_key("1"), "round {round}: {after:?}");
            let after = as_float(after.values().sum());
            assert_eq!(during.values.iter().sum::<f64>() + after, 2.0);
            both.events(now + 10);
            both.events(now + 15);
            assert_eq!(both.known(), 0);
        }
    });
}
