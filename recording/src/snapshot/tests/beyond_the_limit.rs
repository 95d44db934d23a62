//! The limit of series: what is beyond it goes to one series more, or is refused.

use super::{Both, KEY, METADATA, minute, numbered};
use crate::{Event, MetricPolicy, Recorder, RecordingPolicy, RefusalReason};
use metrics::{Key, Label, Recorder as _};
use std::collections::BTreeMap;

use std::time::{Duration, UNIX_EPOCH};

fn two_series() -> MetricPolicy {
    MetricPolicy::default().with_max_series(Some(2))
}

#[test]
fn increments_beyond_the_limit_go_to_one_series_more() {
    let mut both = Both::with(two_series());
    for round in 1..=3 {
        for number in 0..10 {
            both.counter(&numbered(number)).increment(round);
        }
    }
    let growth = both.growth();
    let expected = [("0", 6), ("1", 6), ("true", 6 * 8)];
    assert_eq!(
        growth,
        BTreeMap::from(expected.map(|(label, growth)| (label.to_owned(), growth)))
    );
    assert_eq!(both.known(), 2, "no key beyond the limit is kept");
    both.counter(&numbered(11)).absolute(5);
    both.counter(&numbered(0)).absolute(10);
    let events = both.events(1);
    assert_eq!((events.values, events.refused), (vec![4.0], 1));
}

#[test]
fn samples_beyond_the_limit_are_all_there() {
    let mut both = Both::with(two_series());
    for number in 0..100 {
        both.histogram(&numbered(number)).record(2.0);
    }
    assert_eq!(both.events(0).values, [1.0, 1.0, 98.0]);
}

#[test]
fn updates_of_gauges_beyond_the_limit_are_refused_and_counted() {
    let mut both = Both::with(two_series());
    for number in 0..5 {
        let gauge = both.gauge(&numbered(number));
        gauge.set(1.0);
        gauge.increment(1.0);
        gauge.decrement(1.0);
    }
    let mut refused = Vec::new();
    let each = |event: Event<'_>| {
        if let Event::Refused {
            name: Some(name),
            series: None,
            reason,
            samples,
            ..
        } = event
        {
            refused.push((name.index(), reason, samples));
        }
    };
    both.snapshotter.visit(UNIX_EPOCH, |_| true, each);
    assert_eq!(refused, [(0, RefusalReason::SeriesLimit, 9)]);
    assert_eq!(both.events(1).refused, 0, "once");
}

#[test]
fn an_evicted_series_frees_its_place() {
    let policy = two_series().with_idle_timeout(Some(Duration::from_mins(5)));
    let mut both = Both::with(policy);
    let held = both.gauge(&numbered(0));
    held.set(1.0);
    both.gauge(&numbered(1)).set(1.0);
    both.gauge(&numbered(2)).set(1.0);
    let events = both.events(0);
    assert_eq!((events.values.len(), events.refused), (2, 1));
    assert_eq!(both.events(5).evicted.len(), 2, "one of them is held");
    for number in 3..6 {
        both.gauge(&numbered(number)).set(1.0);
    }
    let events = both.events(6);
    assert_eq!((events.values.len(), events.refused), (2, 1));
    // It comes back, though the places are taken, and counts.
    held.set(2.0);
    assert_eq!(both.events(7).values, [2.0]);
    assert_eq!(both.events(11).evicted.len(), 2);
    both.gauge(&numbered(7)).set(1.0);
    both.gauge(&numbered(8)).set(1.0);
    let events = both.events(11);
    assert_eq!((events.values.len(), events.refused), (1, 1));
}

/// The overflow series needs no place, so that it frees none.
#[test]
fn the_overflow_series_comes_and_goes_beside_the_limit() {
    let policy = two_series().with_idle_timeout(Some(Duration::from_mins(5)));
    let mut both = Both::with(policy);
    for round in 0..3 {
        let at = round * 20;
        for number in 0..4 {
            both.counter(&numbered(number)).increment(1);
        }
        assert_eq!(both.events(at).values, [1.0, 1.0, 2.0]);
        // The overflow series is idle alone.
        for later in 1..=5 {
            both.counter(&numbered(0)).increment(1);
            both.counter(&numbered(1)).increment(1);
            let events = both.events(at + later);
            assert_eq!(events.evicted.len(), usize::from(later == 5));
        }
        both.counter(&numbered(9)).increment(1);
        let label = both.growth().into_keys().next();
        assert_eq!(label.as_deref(), Some("true"), "no place is free");
        assert_eq!(both.events(at + 15).evicted.len(), 3);
        assert_eq!(both.known(), 0);
    }
}

/// Told at once, and again when there are ten times as many.
#[test]
fn how_many_series_there_would_be_is_told() {
    let mut both = Both::with(two_series());
    let mut told = Vec::new();
    for (until, at) in [(2, 0), (3, 1), (20, 2), (40, 3), (1_000, 4), (20_000, 5)] {
        for number in 0..until {
            both.counter(&numbered(number)).increment(1);
        }
        both.snapshotter.visit(
            minute(at),
            |_| true,
            |event| {
                if let Event::SeriesLimitReached {
                    name,
                    label,
                    wanted,
                } = event
                {
                    assert_eq!((name.index(), label), (0, Some(("number", 2))));
                    told.push((at, wanted));
                }
            },
        );
    }
    let told_at: Vec<_> = told.iter().map(|(at, _)| *at).collect();
    assert_eq!(told_at, [1, 3, 4, 5]);
    for ((_, wanted), expected) in told.into_iter().zip([3, 40, 1_000, 20_000u64]) {
        assert!(
            wanted.abs_diff(expected) <= expected / 10,
            "{wanted} of {expected}"
        );
    }
}

/// A series of the application's own may have the labels of the overflow series.
#[test]
fn the_overflow_series_is_nobodys_own() {
    let mut both = Both::with(two_series());
    let own = Key::from_parts("n", vec![Label::new("overflow", "true")]);
    both.counter(&own).absolute(5);
    for number in 0..3 {
        both.counter(&numbered(number)).increment(1);
    }
    both.counter(&own).absolute(7);
    let events = both.events(0);
    assert_eq!((events.values, events.refused), (vec![7.0, 1.0, 2.0], 0));
}

/// And neither has anything to do with the other's keys.
#[test]
fn a_namesake_of_the_overflow_series_leaves_memory_with_all_its_keys() {
    let mut both = Both::with(two_series().with_idle_timeout(Some(Duration::from_mins(5))));
    let own = |labels: &[(&'static str, &'static str)]| {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| Label::new(*name, *value))
            .collect();
        Key::from_parts("n", labels)
    };
    both.counter(&own(&[("overflow", "true")])).increment(1);
    both.counter(&own(&[("overflow", "true"), ("stage", "test")]))
        .increment(1);
    (0..3).for_each(|number| both.counter(&numbered(number)).increment(1));
    both.events(0);
    for at in 1..=5 {
        // The overflow series is idle alone.
        both.counter(&own(&[("overflow", "true")])).increment(1);
        both.counter(&numbered(0)).increment(1);
        both.events(at);
    }
    both.events(12);
    assert_eq!(both.known(), 0);
}

/// The metric at fault may have no series at all.
#[test]
fn the_label_of_a_metric_without_series_is_that_of_its_first_key() {
    let mut both = Both::with(MetricPolicy::default().with_max_series(Some(0)));
    both.counter(&numbered(7)).increment(1);
    let mut told = Vec::new();
    both.snapshotter.visit(
        minute(1),
        |_| true,
        |event| {
            if let Event::SeriesLimitReached { label, .. } = event {
                told.push(label.map(|(label, values)| (label.to_owned(), values)));
            }
        },
    );
    assert_eq!(told, [Some(("number".to_owned(), 1))]);
}

#[test]
fn keys_of_one_series_are_without_number() {
    let mut both = Both::new();
    for number in 0..10_000 {
        let labels = vec![
            Label::new("stage", "test"),
            Label::new("user", number.to_string()),
        ];
        both.counter(&Key::from_parts("n", labels)).increment(1);
    }
    assert_eq!(both.events(0).values, [10_000.0]);
    assert!(both.known() < 32, "{}", both.known());
}

/// More aliases than are kept come without end, and change nothing in the map.
#[test]
fn a_known_series_is_found_by_one_more_key_while_others_look_up() {
    let mut both = Both::new();
    let counter = |user: usize| {
        let labels = vec![Label::new("user", user.to_string())];
        both.counter(&Key::from_parts("n", labels))
    };
    (0..50).for_each(|user| counter(user).increment(1));
    let known = both.known();
    // To change the map would wait for ever.
    let counters = &both.recorder.registry().counters;
    counters.while_looked_up(|| (50..100).for_each(|user| counter(user).increment(1)));
    assert_eq!(both.known(), known);
    assert_eq!(both.events(0).values, [100.0]);
}

/// Gives keys another name.
struct Renames;

impl RecordingPolicy for Renames {
    fn normalize(&self, key: &Key) -> Option<Key> {
        Some(Key::from_parts(
            "other",
            key.labels().cloned().collect::<Vec<_>>(),
        ))
    }
}

#[test]
fn a_key_keeps_its_name() {
    let (recorder, mut snapshotter) = Recorder::new(Renames, UNIX_EPOCH);
    recorder.register_counter(&KEY, &METADATA).increment(1);
    let mut names = Vec::new();
    let each = |event: Event<'_>| {
        if let Event::Point(point) = event {
            names.push(point.series.key().name().to_owned());
        }
    };
    snapshotter.visit(UNIX_EPOCH, |_| true, each);
    assert_eq!(names, ["n"]);
}

#[test]
fn refusals_come_when_their_metric_is_due() {
    let mut both = Both::with(two_series());
    for number in 0..3 {
        both.gauge(&numbered(number)).set(1.0);
    }
    let mut refused = |is_due: bool| {
        let mut refused = 0;
        let each = |event: Event<'_>| {
            if let Event::Refused { samples, .. } = event {
                refused += samples;
            }
        };
        both.snapshotter.visit(UNIX_EPOCH, |_| is_due, each);
        refused
    };
    assert_eq!([refused(false), refused(true), refused(true)], [0, 1, 0]);
}

#[test]
fn a_metric_without_any_series_has_its_refusals() {
    let mut both = Both::with(MetricPolicy::default().with_max_series(Some(0)));
    both.gauge(&KEY).set(1.0);
    let events = both.events(0);
    assert_eq!((events.values.len(), events.refused), (0, 1));
}
