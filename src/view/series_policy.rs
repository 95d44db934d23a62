//! What recording asks the exporter: how many series there may be, how long they may be idle, and which labels say nothing.

use super::identity::normalize;
use crate::config::{Config, IdleTimeout};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Metadata};
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
            names: Mutex::default(),
        }
    }

    pub(super) fn defaults(&self) -> &Arc<Dimensions> {
        &self.defaults
    }

    /// The kind and name of a metric, if recording has asked about it.
    pub(super) fn name(&self, id: NameId) -> Option<(MetricKind, KeyName)> {
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
            .with_period(self.period)
            .with_idle_timeout(timeout.filter(|_| mask.matches(kind)))
    }

    fn max_series(&self) -> Option<usize> {
        self.max_series
    }

    fn normalize(&self, key: &Key) -> Option<Key> {
        normalize(key, &self.defaults)
    }
}
