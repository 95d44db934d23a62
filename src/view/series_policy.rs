//! What recording asks the exporter: how long series may be idle, and which labels say nothing.

use super::identity::normalize;
use crate::config::{Config, IdleTimeout};
use crate::dimension::Dimensions;
use metrics::{Key, Metadata};
use metrics_recording::{MetricPolicy, NameId, RecordingPolicy};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct SeriesPolicy {
    defaults: Arc<Dimensions>,
    idle: IdleTimeout,
    period: Duration,
}

impl SeriesPolicy {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            defaults: Arc::clone(&config.default_dimensions),
            idle: config.idle,
            period: config.storage_resolution.period(),
        }
    }
}

impl RecordingPolicy for SeriesPolicy {
    fn metric(&self, _: NameId, kind: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        let IdleTimeout { mask, timeout } = self.idle;
        MetricPolicy::default()
            .with_period(self.period)
            .with_idle_timeout(timeout.filter(|_| mask.matches(kind)))
    }

    fn normalize(&self, key: &Key) -> Option<Key> {
        normalize(key, &self.defaults)
    }
}
