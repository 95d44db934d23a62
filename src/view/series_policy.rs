//! What recording asks the exporter, once for each metric: how many series there may be, how long they may be idle, and which
//! labels say nothing. All other settings of the metric are resolved here, too.

use crate::model::datum_settings::DatumSettings;
use crate::model::dimension::Dimensions;
use crate::model::metric_kind::MetricKind;
use crate::settings::Config;
use crate::settings::matcher::Metric;
use crate::settings::metric_filter::MetricFilter;
use crate::settings::metric_settings::MetricRules;
use crate::view::normalize::normalize;
use metrics::{Key, KeyName, Metadata};
use metrics_recording::{MetricPolicy, NameId, RecordingPolicy};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct SeriesPolicy {
    defaults: Arc<Dimensions>,
    rules: Arc<MetricRules>,
    /// What each destination takes, in their order, and its period.
    takers: Vec<(MetricFilter, Duration)>,
    max_series: Option<usize>,
    max_names: Option<usize>,
    /// Of all metrics, by their ids.
    known: Mutex<Vec<Known>>,
}

/// A metric that recording asked about.
#[derive(Debug)]
struct Known {
    kind: MetricKind,
    name: KeyName,
    settings: DatumSettings,
    /// Whether a destination takes it, by its number.
    taken: Box<[bool]>,
}

impl SeriesPolicy {
    /// By what all destinations have in common, and for each of them.
    pub(crate) fn new(common: &Config, destinations: &[Config]) -> Self {
        let takers = destinations.iter();
        let takers = takers.map(|one| (one.takes.clone(), one.period()));
        Self {
            defaults: Arc::clone(&common.default_dimensions),
            rules: Arc::clone(&common.metrics),
            takers: takers.collect(),
            max_series: common.max_series,
            max_names: common.max_names,
            known: Mutex::default(),
        }
    }

    /// Whether recording has asked about any metric.
    pub(crate) fn has_metrics(&self) -> bool {
        !self.known.lock().is_empty()
    }

    pub(crate) fn defaults(&self) -> &Arc<Dimensions> {
        &self.defaults
    }

    /// The kind and name of a metric, if recording has asked about it.
    pub(crate) fn name(&self, id: NameId) -> Option<(MetricKind, KeyName)> {
        let known = self.known.lock();
        let metric = known.get(id.index())?;
        Some((metric.kind, metric.name.clone()))
    }

    /// Whether the destination with this number takes a metric.
    pub(crate) fn takes(&self, id: NameId, destination: usize) -> bool {
        let known = self.known.lock();
        let metric = known.get(id.index());
        let taken = metric.and_then(|metric| metric.taken.get(destination));
        taken.copied().unwrap_or(true)
    }

    /// What acts on the data of a metric.
    pub(crate) fn settings(&self, id: NameId) -> DatumSettings {
        let known = self.known.lock();
        let metric = known.get(id.index());
        metric.map_or_else(DatumSettings::default, |metric| metric.settings)
    }
}

impl RecordingPolicy for SeriesPolicy {
    fn metric(
        &self,
        _: NameId,
        kind: metrics_recording::MetricKind,
        key: &Key,
        metadata: &Metadata<'_>,
    ) -> MetricPolicy {
        let kind = MetricKind::of(kind);
        let metric = Metric {
            name: key.name(),
            kind: Some(kind),
            target: Some(metadata.target()),
        };
        let taken = self.takers.iter().map(|(filter, _)| filter.takes(&metric));
        let taken: Box<[bool]> = taken.collect();
        let takers = self.takers.iter().zip(&taken);
        let periods = takers.filter(|(_, is_taken)| **is_taken);
        let shortest = periods.map(|((_, period), _)| *period).min();
        // Ids are dense, in the order of these calls.
        self.known.lock().push(Known {
            kind,
            name: key.to_retained().name_shared(),
            settings: self.rules.data(&metric),
            taken,
        });
        let Some(period) = shortest else {
            return MetricPolicy::disabled();
        };
        let recording = self.rules.recording(&metric);
        MetricPolicy::default()
            .with_max_series(recording.max_series)
            .with_dropped_labels(recording.dropped_labels.iter().cloned())
            .with_period(period)
            .with_idle_timeout(recording.idle_timeout)
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
