//! The limit that all metrics have together, and what a policy is asked.

use super::{Both, KEY, METADATA, minute, numbered};
use crate::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, Snapshotter};
use metrics::{Key, Label, Metadata, Recorder as _};
use metrics_util::MetricKind;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

/// A thread that knows keys beyond the limit asks again once a place is free, of whichever metric.
#[test]
fn keys_beyond_the_limit_have_series_once_there_is_room() {
    struct FourInAll;
    impl RecordingPolicy for FourInAll {
        fn max_series(&self) -> Option<usize> {
            Some(4)
        }

        fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
            MetricPolicy::default().with_idle_timeout(Some(Duration::from_mins(5)))
        }
    }
    let (recorder, snapshotter) = Recorder::new(FourInAll, UNIX_EPOCH);
    let mut both = Both {
        recorder,
        snapshotter,
    };
    (0..4).for_each(|number| both.histogram(&numbered(number)).record(1.0));
    let mut record = |at: u64| {
        for number in 4..6 {
            both.counter(&numbered(number)).increment(1);
            both.gauge(&numbered(number)).set(1.0);
        }
        let events = both.events(at);
        (events.values.len(), events.refused, events.evicted.len())
    };
    assert_eq!(record(0), (5, 2, 0), "one counter for both");
    assert_eq!(record(1), (1, 2, 0));
    assert_eq!(record(5), (1, 2, 4), "the histograms go");
    assert_eq!(record(6), (4, 0, 0), "and all have their own");
}

/// A limit that is reached while a snapshot is taken, which then finds a series idle.
#[test]
fn a_place_is_free_in_the_very_visit_that_comes_to_the_limit() {
    struct TwoInAll;
    impl RecordingPolicy for TwoInAll {
        fn max_series(&self) -> Option<usize> {
            Some(2)
        }

        fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
            MetricPolicy::default().with_idle_timeout(Some(Duration::from_mins(5)))
        }
    }
    let (recorder, snapshotter) = Recorder::new(TwoInAll, UNIX_EPOCH);
    let record = |number| {
        recorder
            .register_gauge(&numbered(number), &METADATA)
            .set(1.0);
    };
    let mut both = Both {
        recorder: recorder.clone(),
        snapshotter,
    };
    both.counter(&KEY).increment(1);
    record(0);
    both.events(0);
    both.counter(&KEY).increment(1);
    // The counter's point comes first, then the gauge is evicted.
    let each = |event: Event<'_>| {
        if let Event::Point(_) = event {
            record(1);
        }
    };
    both.snapshotter.visit(minute(5), |_| true, each);
    record(1);
    let events = both.events(6);
    assert_eq!((events.values.len(), events.refused), (1, 0));
}

/// Ten series in all.
struct TenInAll;

impl RecordingPolicy for TenInAll {
    fn max_series(&self) -> Option<usize> {
        Some(10)
    }

    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        MetricPolicy::default()
            .with_max_series(Some(6))
            .with_idle_timeout(Some(Duration::from_mins(5)))
    }
}

#[test]
fn a_recorder_has_a_limit_beside_those_of_its_metrics() {
    let (recorder, mut snapshotter) = Recorder::new(Arc::new(TenInAll), UNIX_EPOCH);
    let record = |snapshotter: &mut Snapshotter, at: u64| {
        for number in 0..8 {
            let key = numbered(number);
            recorder.register_counter(&key, &METADATA).increment(1);
            recorder.register_histogram(&key, &METADATA).record(1.0);
            recorder.register_gauge(&key, &METADATA).set(1.0);
        }
        let (mut values, mut refused, mut limits) = (Vec::new(), 0, Vec::new());
        let now = UNIX_EPOCH + Duration::from_mins(at);
        snapshotter.visit(
            now,
            |_| true,
            |event| match event {
                Event::Point(point) => values.push(point.samples),
                Event::Refused { samples, .. } => refused += samples,
                Event::SeriesLimitReached { name, label, .. } => {
                    limits.push((
                        name.index(),
                        label.map(|(label, count)| (label.to_owned(), count)),
                    ));
                }
                Event::Evicted(_) | Event::NameLimitReached { .. } => {}
            },
        );
        (values, refused, limits)
    };
    // Counters, histograms and gauges have 4, 3 and 3 of the ten places.
    let label = |count| Some(("number".to_owned(), count));
    let (values, refused, mut limits) = record(&mut snapshotter, 0);
    limits.sort_unstable();
    assert_eq!(values, [1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 5]);
    assert_eq!(
        (refused, limits),
        (5, vec![(0, label(4)), (1, label(3)), (2, label(3))])
    );
    let (_, refused, limits) = record(&mut snapshotter, 1);
    assert_eq!((refused, limits.len()), (5, 0), "each once");
    // All go, and others have their places.
    snapshotter.visit(UNIX_EPOCH + Duration::from_mins(6), |_| true, |_| ());
    let (values, refused, _) = record(&mut snapshotter, 7);
    assert_eq!((values.len(), refused), (12, 5));
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
