//! What recording asks the exporter: how many series there may be, how long they may be idle, and which labels say nothing.

use crate::model::dimension::Dimensions;
use crate::settings::{Config, IdleTimeout};
use crate::view::normalize::normalize;
use metrics::{Key, KeyName, Metadata, SharedString};
use metrics_recording::{MetricPolicy, NameId, RecordingPolicy};
use metrics_util::MetricKind;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct SeriesPolicy {
    defaults: Arc<Dimensions>,
    idle: IdleTimeout,
    period: Duration,
    max_series: Option<usize>,
    max_series_per_metric: Option<usize>,
    max_names: Option<usize>,
    dropped_labels: Vec<SharedString>,
    /// Of all metrics, by their ids.
    names: Mutex<Vec<(MetricKind, KeyName)>>,
}

impl SeriesPolicy {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            defaults: Arc::clone(&config.default_dimensions),
            idle: config.idle,
            period: config.storage_resolution.period(),
            max_series: config.max_series,
            max_series_per_metric: config.max_series_per_metric,
            max_names: config.max_names,
            dropped_labels: config.dropped_labels.clone(),
            names: Mutex::default(),
        }
    }

    pub(crate) fn defaults(&self) -> &Arc<Dimensions> {
        &self.defaults
    }

    /// The kind and name of a metric, if recording has asked about it.
    pub(crate) fn name(&self, id: NameId) -> Option<(MetricKind, KeyName)> {
        self.names.lock().get(id.index()).cloned()
    }
}

impl RecordingPolicy for SeriesPolicy {
    fn metric(&self, _: NameId, kind: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
        // Ids are dense, in the order of these calls.
        let name = key.to_retained().name_shared();
        self.names.lock().push((kind, name));
        let IdleTimeout { mask, timeout } = self.idle;
        MetricPolicy::default()
            .with_max_series(self.max_series_per_metric)
            .with_dropped_labels(self.dropped_labels.iter().cloned())
            .with_period(self.period)
            .with_idle_timeout(timeout.filter(|_| mask.matches(kind)))
    }

    fn max_series(&self) -> Option<usize> {
        self.max_series
    }

    fn max_names(&self) -> Option<usize> {
        self.max_names
    }

    fn normalize(&self, key: &Key) -> Option<Key> {
        normalize(key, &self.defaults)
    }
}
