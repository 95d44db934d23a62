//! The limit of series: what is beyond it goes to one series more, or is refused.

use super::{Both, KEY, METADATA, numbered};
use crate::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, RefusalReason};
use metrics::{Key, Label, Metadata, Recorder as _};
use metrics_util::MetricKind;
use std::collections::BTreeMap;
use std::sync::Mutex;
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
    assert_eq!(both.known(), 3, "no key beyond the limit is kept");
    both.counter(&numbered(11)).absolute(5);
    both.counter(&numbered(0)).absolute(10);
    let told = both.told(1);
    assert_eq!((told.values, told.refused), (vec![4.0], 1));
}

#[test]
fn samples_beyond_the_limit_are_all_there() {
    let mut both = Both::with(two_series());
    for number in 0..100 {
        both.histogram(&numbered(number)).record(2.0);
    }
    assert_eq!(both.told(0).values, [1.0, 1.0, 98.0]);
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
            name,
            series,
            reason,
            samples,
        } = event
        {
            assert!(series.is_none());
            refused.push((name.index(), reason, samples));
        }
    };
    both.snapshotter.visit(UNIX_EPOCH, |_| true, each);
    assert_eq!(refused, [(0, RefusalReason::SeriesLimit, 9)]);
    assert_eq!(both.told(1).refused, 0, "once");
}

#[test]
fn an_evicted_series_frees_its_place() {
    let policy = two_series().with_idle_timeout(Some(Duration::from_mins(5)));
    let mut both = Both::with(policy);
    let held = both.gauge(&numbered(0));
    held.set(1.0);
    both.gauge(&numbered(1)).set(1.0);
    both.gauge(&numbered(2)).set(1.0);
    let told = both.told(0);
    assert_eq!((told.values.len(), told.refused), (2, 1));
    assert_eq!(both.told(5).evicted.len(), 2, "one of them is held");
    for number in 3..6 {
        both.gauge(&numbered(number)).set(1.0);
    }
    let told = both.told(6);
    assert_eq!((told.values.len(), told.refused), (2, 1));
    // It comes back, though the places are taken, and counts.
    held.set(2.0);
    assert_eq!(both.told(7).values, [2.0]);
    assert_eq!(both.told(11).evicted.len(), 2);
    both.gauge(&numbered(7)).set(1.0);
    both.gauge(&numbered(8)).set(1.0);
    let told = both.told(11);
    assert_eq!((told.values.len(), told.refused), (1, 1));
}

/// What a policy was asked.
struct Asked(Mutex<Vec<(usize, MetricKind, String)>>);

impl RecordingPolicy for &'static Asked {
    fn metric(&self, id: NameId, kind: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
        let mut asked = self.0.lock().unwrap();
        asked.push((id.index(), kind, key.name().to_owned()));
        if key.name() == "off" {
            return MetricPolicy::disabled();
        }
        MetricPolicy::default()
    }
}

#[test]
fn a_policy_is_asked_once_for_each_name_and_kind() {
    static ASKED: Asked = Asked(Mutex::new(Vec::new()));
    let (recorder, mut snapshotter) = Recorder::new(&ASKED, UNIX_EPOCH);
    for _ in 0..3 {
        for label in ["a", "b"] {
            let key = Key::from_parts("n", vec![Label::new("l", label)]);
            recorder.register_counter(&key, &METADATA).increment(1);
            recorder.register_gauge(&key, &METADATA).set(1.0);
        }
        let off = Key::from_static_name("off");
        recorder.register_counter(&off, &METADATA).increment(1);
        recorder.register_histogram(&KEY, &METADATA).record(1.0);
    }
    assert_eq!(
        *ASKED.0.lock().unwrap(),
        [
            (0, MetricKind::Counter, "n".to_owned()),
            (1, MetricKind::Gauge, "n".to_owned()),
            (2, MetricKind::Counter, "off".to_owned()),
            (3, MetricKind::Histogram, "n".to_owned()),
        ]
    );
    let mut names = Vec::new();
    snapshotter.visit(
        UNIX_EPOCH,
        |_| true,
        |event| match event {
            Event::Point(point) => names.push(point.name.index()),
            other => panic!("{other:?}"),
        },
    );
    assert_eq!(names, [0, 0, 1, 1, 3], "nothing of what is disabled");
}
