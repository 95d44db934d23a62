//! What is recorded is taken: once, from the right series, whoever else records and whatever comes and goes.

mod beyond_the_limit;
mod dropped_labels;
mod limits_of_all;
mod memory_has_bounds;
mod names_beyond_the_limit;
mod nobody_listens;
mod periods;
mod series_come_and_go;
mod stale_overflow_handles;
mod threads_and_keys;

use super::{Event, Snapshotter};
use crate::{MetricPolicy, NameId, Recorder, RecordingPolicy, SeriesId, Value};
use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata, Recorder as _};
use metrics_util::MetricKind;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);
const KEY: Key = Key::from_static_name("n");

/// The same for all metrics; the labels `stage="test"` and `user` say nothing.
struct All(MetricPolicy);

impl RecordingPolicy for All {
    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        self.0.clone()
    }

    fn normalize(&self, key: &Key) -> Option<Key> {
        let says_something = |label: &&Label| {
            (label.key(), label.value()) != ("stage", "test") && label.key() != "user"
        };
        let labels: Vec<Label> = key.labels().filter(says_something).cloned().collect();
        let is_another = labels.len() < key.labels().len();
        is_another.then(|| Key::from_parts(key.name_shared(), labels))
    }
}

/// A recorder and its snapshotter, at minutes of a clock.
struct Both {
    recorder: Recorder,
    snapshotter: Snapshotter,
}

impl Both {
    fn new() -> Self {
        Self::with(MetricPolicy::default())
    }

    fn with(policy: MetricPolicy) -> Self {
        let (recorder, snapshotter) = Recorder::new(All(policy), UNIX_EPOCH);
        Self {
            recorder,
            snapshotter,
        }
    }

    fn counter(&self, key: &Key) -> Counter {
        self.recorder.register_counter(key, &METADATA)
    }

    fn gauge(&self, key: &Key) -> Gauge {
        self.recorder.register_gauge(key, &METADATA)
    }

    fn histogram(&self, key: &Key) -> Histogram {
        self.recorder.register_histogram(key, &METADATA)
    }

    /// What a minute's snapshot tells.
    fn events(&mut self, at: u64) -> Events {
        let mut events = Events::default();
        self.snapshotter
            .visit(minute(at), |_| true, |event| events.add(&event));
        events
    }

    /// The growth of all counters, by their one label.
    fn growth(&mut self) -> BTreeMap<String, u64> {
        let mut growth = BTreeMap::new();
        let each = |event: Event<'_>| {
            if let Event::Point(point) = event
                && let Value::Counter(delta) = point.value
            {
                let label = point.series.key().labels().next();
                let label = label.map_or("", Label::value).to_owned();
                assert_eq!(growth.insert(label, delta), None);
            }
        };
        self.snapshotter.visit(UNIX_EPOCH, |_| true, each);
        growth
    }

    /// How many keys are known.
    fn known(&self) -> usize {
        self.snapshotter.known()
    }
}

#[derive(Debug, Default)]
struct Events {
    /// Counters' growth, gauges' last values, histograms' counts.
    values: Vec<f64>,
    /// Of the values.
    ids: Vec<SeriesId>,
    evicted: Vec<SeriesId>,
    refused: u64,
    limits: u32,
}

impl Events {
    fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Point(point) => {
                self.ids.push(point.id);
                self.values.push(match point.value {
                    Value::Counter(growth) => as_float(growth),
                    Value::Gauge { last, .. } => last,
                    Value::Histogram(buckets) => as_float(buckets.count()),
                });
            }
            Event::Evicted(id) => self.evicted.push(*id),
            Event::Refused { samples, .. } => self.refused += samples,
            Event::SeriesLimitReached { .. } | Event::NameLimitReached { .. } => self.limits += 1,
        }
    }
}

fn as_float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn minute(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(minute)
}

fn numbered(number: usize) -> Key {
    Key::from_parts("n", vec![Label::new("number", number.to_string())])
}
