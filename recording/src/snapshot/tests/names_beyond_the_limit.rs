//! The limit of metrics: handles of others only count what they drop.

use super::{Both, minute};
use crate::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, RefusalReason};
use metrics::{Key, KeyName, Metadata, Recorder as _, Unit};
use metrics_util::MetricKind::{self, Counter, Gauge, Histogram};
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

struct ThreeNames;

impl RecordingPolicy for ThreeNames {
    fn max_names(&self) -> Option<usize> {
        Some(3)
    }
}

fn three_names() -> Both {
    let (recorder, snapshotter) = Recorder::new(ThreeNames, UNIX_EPOCH);
    Both {
        recorder,
        snapshotter,
    }
}

fn named(name: &str) -> Key {
    Key::from_name(name.to_owned())
}

#[derive(Debug, Default)]
struct Told {
    /// By name.
    samples: BTreeMap<String, u64>,
    refused: Vec<(MetricKind, u64)>,
    /// Of the limit.
    first: Option<String>,
}

fn told(both: &mut Both) -> Told {
    let mut told = Told::default();
    let each = |event: Event<'_>| match event {
        Event::Point(point) => {
            let name = point.series.key().name().to_owned();
            told.samples.insert(name, point.samples);
        }
        Event::Refused {
            kind,
            name: None,
            series: None,
            reason: RefusalReason::NameLimit,
            samples,
        } => told.refused.push((kind, samples)),
        Event::NameLimitReached { kind, name } => {
            let first = format!("{kind:?} {}", name.as_str());
            assert_eq!(told.first.replace(first), None);
        }
        other => panic!("{other:?}"),
    };
    both.snapshotter.visit(minute(1), |_| true, each);
    told
}

#[test]
fn what_is_recorded_to_names_beyond_the_limit_is_counted() {
    let mut both = three_names();
    for name in ["a", "b"] {
        both.counter(&named(name)).increment(1);
    }
    both.gauge(&named("a")).set(1.0);
    // A name of another kind is one more.
    for round in 1..=2 {
        both.gauge(&named("b")).set(1.0);
        both.gauge(&named("b")).increment(1.0);
        both.counter(&named("c")).increment(10);
        both.counter(&named("c")).absolute(1_000);
        both.histogram(&named("d")).record(1.0);
        both.histogram(&named("d")).record_many(1.0, 7);
        both.counter(&named("b")).increment(1);
        let Told {
            samples,
            refused,
            first,
        } = told(&mut both);
        assert_eq!(samples["b"], if round == 1 { 2 } else { 1 });
        assert_eq!(refused, [(Counter, 11), (Gauge, 2), (Histogram, 8)]);
        assert_eq!(first, (round == 1).then(|| "Gauge b".to_owned()), "once");
    }
}

#[test]
fn a_count_of_what_is_dropped_does_not_start_again() {
    let mut both = three_names();
    (0..3).for_each(|n| both.counter(&named(&n.to_string())).increment(1));
    let beyond = both.counter(&named("beyond"));
    (0..3).for_each(|_| beyond.increment(u64::MAX / 2));
    assert_eq!(told(&mut both).refused, [(Counter, u64::MAX)]);
}

/// However many there are, none of them is kept, and those that are known go on.
#[test]
fn names_without_end_leave_nothing_behind() {
    let mut both = three_names();
    for n in 0..50_000 {
        both.counter(&named(&n.to_string())).increment(1);
        both.counter(&named("1")).increment(1);
    }
    let Told {
        samples, refused, ..
    } = told(&mut both);
    assert_eq!(
        samples,
        BTreeMap::from([("0", 1), ("1", 50_001), ("2", 1)].map(|(name, n)| (name.to_owned(), n)))
    );
    assert_eq!(refused, [(Counter, 49_997)]);
    assert_eq!(both.known(), 3);
}

#[test]
fn descriptions_have_an_end_too() {
    let mut both = three_names();
    let describe = |name: &str| {
        let name = KeyName::from(name.to_owned());
        both.recorder
            .describe_histogram(name, Some(Unit::Bytes), "".into());
    };
    (0..10).for_each(|n| describe(&n.to_string()));
    for name in ["0", "2", "9"] {
        both.histogram(&named(name)).record(1.0);
    }
    let mut units = BTreeMap::new();
    let mut tell = |both: &mut Both| {
        both.snapshotter.visit(
            minute(1),
            |_| true,
            |event| {
                if let Event::Point(point) = event {
                    units.insert(point.series.key().name().to_owned(), point.series.unit());
                }
            },
        );
        units.clone().into_values().collect::<Vec<_>>()
    };
    assert_eq!(
        tell(&mut both),
        [Some(Unit::Bytes), Some(Unit::Bytes), None]
    );
    // Once a metric is there, it can be described.
    let name = KeyName::from("9");
    both.recorder
        .describe_histogram(name, Some(Unit::Seconds), "".into());
    both.histogram(&named("9")).record(1.0);
    assert_eq!(tell(&mut both)[2], Some(Unit::Seconds));
}

/// What is disabled takes no place from others.
#[test]
fn disabled_metrics_do_not_count() {
    struct NoDebug;
    impl RecordingPolicy for NoDebug {
        fn max_names(&self) -> Option<usize> {
            Some(3)
        }

        fn metric(&self, _: NameId, _: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
            if key.name().starts_with("debug.") {
                return MetricPolicy::disabled();
            }
            MetricPolicy::default()
        }
    }
    let (recorder, snapshotter) = Recorder::new(NoDebug, UNIX_EPOCH);
    let mut both = Both {
        recorder,
        snapshotter,
    };
    for name in ["debug.a", "debug.b", "a", "b", "c", "debug.c"] {
        both.counter(&named(name)).increment(1);
    }
    let Told {
        samples, refused, ..
    } = told(&mut both);
    // The last comes when it is no longer asked about.
    assert_eq!((samples.len(), refused), (3, vec![(Counter, 1)]));
}

/// A thread that names a unit with each call takes no lock, though there is no room.
#[test]
fn what_has_no_room_takes_no_lock_to_describe() {
    let both = three_names();
    let describe = |n: u32| {
        let name = KeyName::from(format!("n{n}"));
        let recorder = &both.recorder;
        recorder.describe_counter(name, Some(Unit::Bytes), "".into());
    };
    (0..5).for_each(describe);
    both.recorder
        .registry()
        .counters
        .while_locked(|| describe(4));
}
