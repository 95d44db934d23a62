//! `metrics::Recorder`: a thin translation to the registry.

use crate::recording_policy::RecordingPolicy;
use crate::registry::Registry;
use crate::snapshot::Snapshotter;
use metrics::{Key, KeyName, Metadata, SharedString, Unit};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::SystemTime;

/// Records what the `metrics` macros say, for its [`Snapshotter`] to take. Clones record to the same series.
///
/// Once the snapshotter is dropped, new handles do nothing, and all series leave memory that nobody holds. The same is
/// true in a forked child: what it records goes nowhere, and it waits for no lock.
#[derive(Clone, Debug)]
pub struct Recorder {
    registry: Arc<Registry>,
}

impl Recorder {
    /// A recorder and its snapshotter. `start` is the time at which the first snapshot's
    /// [`Interval`](crate::Interval) begins.
    pub fn new(policy: impl RecordingPolicy, start: SystemTime) -> (Self, Snapshotter) {
        let registry = Arc::new(Registry::new(policy));
        let snapshotter = Snapshotter::new(Arc::clone(&registry), start);
        (Self { registry }, snapshotter)
    }

    #[cfg(test)]
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn describe(&self, kind: MetricKind, name: &KeyName, unit: Option<Unit>) {
        if let Some(unit) = unit {
            self.registry.describe(kind, name, unit);
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Counter, &name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Gauge, &name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricKind::Histogram, &name, unit);
    }

    #[inline]
    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Counter {
        self.registry.counter(key, metadata)
    }

    #[inline]
    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Gauge {
        self.registry.gauge(key, metadata)
    }

    #[inline]
    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Histogram {
        self.registry.histogram(key, metadata)
    }
}
