//! `metrics::Recorder`: a thin translation to the registry.

use crate::registry::Registry;
use metrics::{Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::MetricKind;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Records what the `metrics` macros say, for an exporter to drain.
///
/// Made by [`CloudWatchBuilder::build`](crate::CloudWatchBuilder::build), for use with
/// [`metrics::set_global_recorder`], [`metrics::with_local_recorder`] or the layers of
/// `metrics-util`. Clones record to the same series.
#[derive(Clone, Debug)]
pub struct CloudWatchRecorder {
    registry: Arc<Registry>,
    /// Closes when the last clone is gone, which tells the exporter that no more will come.
    _alive: mpsc::Sender<Infallible>,
}

impl CloudWatchRecorder {
    pub(crate) fn new(registry: Arc<Registry>, alive: mpsc::Sender<Infallible>) -> Self {
        Self {
            registry,
            _alive: alive,
        }
    }

    fn describe(&self, kind: MetricKind, name: &KeyName, unit: Option<Unit>) {
        // The description itself has no place in CloudWatch.
        if let Some(unit) = unit {
            self.registry.describe(kind, name, unit);
        }
    }
}

impl Recorder for CloudWatchRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Counter, &name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Gauge, &name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Histogram, &name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.registry.counter(key)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.registry.gauge(key)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.registry.histogram(key)
    }
}
