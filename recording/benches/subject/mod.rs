//! What is measured, and how: medians of times.

#![allow(dead_code, unreachable_pub, reason = "each bench uses its own part")]

use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata, Recorder as _};
use metrics_recording::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, Snapshotter};
use metrics_util::MetricKind;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

pub const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);

struct Timeout(Option<Duration>);

impl RecordingPolicy for Timeout {
    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        MetricPolicy::default().with_idle_timeout(self.0)
    }
}

/// A recorder and its snapshotter.
pub struct Subject {
    recorder: Recorder,
    snapshotter: Snapshotter,
}

impl Subject {
    pub fn new(idle_timeout: Option<Duration>) -> Self {
        let (recorder, snapshotter) = Recorder::new(Timeout(idle_timeout), SystemTime::now());
        Self {
            recorder,
            snapshotter,
        }
    }

    pub fn counter(&self, key: &Key) -> Counter {
        self.recorder.register_counter(key, &METADATA)
    }

    pub fn gauge(&self, key: &Key) -> Gauge {
        self.recorder.register_gauge(key, &METADATA)
    }

    pub fn histogram(&self, key: &Key) -> Histogram {
        self.recorder.register_histogram(key, &METADATA)
    }

    /// Visits all; what it told.
    pub fn snapshot(&mut self) -> usize {
        let mut told = 0;
        let each = |event: Event<'_>| {
            black_box(&event);
            told += 1;
        };
        self.snapshotter.visit(SystemTime::now(), |_| true, each);
        told
    }
}

pub fn key(name: &'static str, number: usize) -> Key {
    Key::from_parts(name, vec![Label::new("number", number.to_string())])
}

pub fn millis(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e3
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
