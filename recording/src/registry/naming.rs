//! What the maps of a registry share: what the policy says of each metric, and how many metrics there may be.

use super::series_limit::{Count, SeriesLimit};
use super::shown_name::shown;
use crate::recording_policy::RecordingPolicy;
use crate::series::{Description, Metric, NameId};
use metrics::{Key, KeyName, Metadata};
use metrics_util::MetricKind;
use once_cell::race::OnceBox;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Naming {
    policy: Box<dyn RecordingPolicy>,
    /// Each a name and a kind.
    metrics: Mutex<Metrics>,
    max_names: Option<usize>,
    /// Of all metrics.
    series: Arc<Count>,
    /// Metrics that came to their limit of series.
    limited: Mutex<Vec<Arc<Metric>>>,
    /// The first metric that was one too many.
    nameless: OnceBox<Nameless>,
    has_lost_descriptions: AtomicBool,
}

/// How many there are.
#[derive(Debug, Default)]
struct Metrics {
    known: u32,
    /// Of those, that the policy did not disable.
    enabled: u32,
}

/// A metric for which there is no room.
#[derive(Debug)]
pub(crate) struct Nameless {
    pub(crate) kind: MetricKind,
    pub(crate) name: KeyName,
}

impl Naming {
    pub(super) fn new(policy: Box<dyn RecordingPolicy>) -> Self {
        Self {
            series: Arc::new(Count::new(policy.max_series())),
            max_names: policy.max_names(),
            policy,
            metrics: Mutex::default(),
            limited: Mutex::default(),
            nameless: OnceBox::new(),
            has_lost_descriptions: AtomicBool::new(false),
        }
    }

    /// The key that stands for another one, of the same metric.
    pub(super) fn normalize(&self, key: &Key) -> Option<Key> {
        let normal = self.policy.normalize(key);
        normal.filter(|normal| normal.name() == key.name())
    }

    /// Asks the policy about a metric that is new; none if there are too many. `description`: of the metric.
    pub(super) fn metric(
        &self,
        kind: MetricKind,
        key: &Key,
        metadata: &Metadata<'_>,
        description: impl FnOnce() -> Arc<Description>,
    ) -> Option<Metric> {
        let mut metrics = self.metrics.lock();
        // What is disabled takes no place; but it is kept, so that there is an end to it, too.
        let disabled = metrics.known - metrics.enabled;
        if !self.has_room(metrics.enabled as usize) || !self.has_room(disabled as usize) {
            let name = key.to_retained().name_shared();
            self.nameless
                .get_or_init(|| Box::new(Nameless { kind, name }));
            return None;
        }
        let id = NameId(metrics.known);
        let policy = self.policy.metric(id, kind, key, metadata);
        metrics.known += 1;
        metrics.enabled += u32::from(policy.is_enabled);
        Some(Metric {
            id,
            kind,
            limit: SeriesLimit::new(policy.max_series, &self.series),
            policy,
            description: description(),
        })
    }

    /// Whether one more name fits beside so many.
    fn has_room(&self, names: usize) -> bool {
        self.max_names.is_none_or(|max| names < max)
    }

    /// Whether one more description fits beside so many of a kind. Says once that one does not.
    pub(super) fn has_room_for_description(&self, described: usize, name: &KeyName) -> bool {
        let has_room = self.has_room(described);
        let is_news = || {
            !self.has_lost_descriptions.load(Ordering::Relaxed)
                && !self.has_lost_descriptions.swap(true, Ordering::Relaxed)
        };
        if !has_room && is_news() {
            tracing::warn!(
                metric = &*shown(name),
                "too many metrics are described; the units of others are not kept until they are recorded"
            );
        }
        has_room
    }

    /// Whether a metric that is new was one too many. It stays so, as metrics do not go.
    pub(super) fn is_full(&self) -> bool {
        self.nameless.get().is_some()
    }

    /// The first metric that was one too many.
    pub(super) fn nameless(&self) -> Option<&Nameless> {
        self.nameless.get()
    }

    /// Notes a key that is beyond a metric's limit. The first makes snapshots ask the metric what it dropped.
    pub(super) fn note_beyond(&self, metric: &Arc<Metric>, normal: &Key) {
        if metric.limit.note_beyond(normal) {
            self.limited.lock().push(Arc::clone(metric));
        }
    }

    pub(super) fn limited(&self) -> Vec<Arc<Metric>> {
        self.limited.lock().clone()
    }

    /// How often a place of a series became free.
    pub(super) fn freed(&self) -> u64 {
        self.series.freed()
    }
}
