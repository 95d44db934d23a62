//! A key's way to its handle: the thread's handle cache, else the map of all series.

use super::description_cache;
use super::handle_cache::{self, Cached, Handle};
use super::map::{Found, Naming, SeriesMap};
use super::recorded::Recorded;
use super::series_limit::Beyond;
use crate::aggregate::{Counter, Gauge, Histogram};
use crate::recording_policy::RecordingPolicy;
use crate::series::{Description, Metric};
use crate::sync::AtomicU64;
use metrics::{Key, KeyName, Metadata, Unit};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Registry {
    /// Of its own in this process, for good: handle caches know series by it.
    id: u64,
    /// In which it was made.
    process: AtomicU32,
    naming: Naming,
    pub(crate) counters: SeriesMap<Counter>,
    pub(crate) gauges: SeriesMap<Gauge>,
    pub(crate) histograms: SeriesMap<Histogram>,
}

/// A handle of a thread's own, or one that all threads share where the thread has no room.
enum Registered<A> {
    Own(Arc<Handle<A>>),
    Shared(Arc<Recorded<A>>),
    Beyond(Arc<Metric>),
    Disabled,
}

impl Registry {
    pub(crate) fn new(policy: impl RecordingPolicy) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            process: AtomicU32::new(process()),
            naming: Naming::new(Box::new(policy)),
            counters: SeriesMap::new(),
            gauges: SeriesMap::new(),
            histograms: SeriesMap::new(),
        }
    }

    #[inline]
    pub(crate) fn counter(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Counter {
        if let Some(handle) = handle_cache::find(self.id, key) {
            return metrics::Counter::from_arc::<Handle<Counter>>(handle);
        }
        match self.look_up(&self.counters, key, metadata) {
            Registered::Own(handle) => metrics::Counter::from_arc(handle),
            Registered::Shared(recorded) => metrics::Counter::from_arc(recorded),
            Registered::Beyond(_) | Registered::Disabled => metrics::Counter::noop(),
        }
    }

    #[inline]
    pub(crate) fn gauge(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Gauge {
        if let Some(handle) = handle_cache::find(self.id, key) {
            return metrics::Gauge::from_arc::<Handle<Gauge>>(handle);
        }
        match self.look_up(&self.gauges, key, metadata) {
            Registered::Own(handle) => metrics::Gauge::from_arc(handle),
            Registered::Shared(recorded) => metrics::Gauge::from_arc(recorded),
            Registered::Beyond(metric) => metrics::Gauge::from_arc(Arc::new(Beyond(metric))),
            Registered::Disabled => metrics::Gauge::noop(),
        }
    }

    #[inline]
    pub(crate) fn histogram(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Histogram {
        if let Some(handle) = handle_cache::find(self.id, key) {
            return metrics::Histogram::from_arc::<Handle<Histogram>>(handle);
        }
        match self.look_up(&self.histograms, key, metadata) {
            Registered::Own(handle) => metrics::Histogram::from_arc(handle),
            Registered::Shared(recorded) => metrics::Histogram::from_arc(recorded),
            Registered::Beyond(_) | Registered::Disabled => metrics::Histogram::noop(),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up<A: Cached>(
        &self,
        among: &SeriesMap<A>,
        key: &Key,
        metadata: &Metadata<'_>,
    ) -> Registered<A> {
        if self.is_forked() {
            return Registered::Disabled;
        }
        match among.get_or_create(key, metadata, &self.naming) {
            Found::Series(recorded) => match handle_cache::insert(self.id, key, &recorded) {
                Some(handle) => Registered::Own(handle),
                None => Registered::Shared(recorded),
            },
            Found::Beyond(metric) => Registered::Beyond(metric),
            Found::Disabled => Registered::Disabled,
        }
    }

    pub(crate) fn describe(&self, kind: MetricKind, name: &KeyName, unit: Unit) {
        let mut before = None;
        let set = |description: &Description| before = description.set_unit(unit);
        if !description_cache::find(self.id, kind, name, set) {
            let Some(description) = self.description(kind, name) else {
                return;
            };
            description_cache::insert(self.id, kind, name, &description);
            before = description.set_unit(unit);
        }
        if let Some(before) = before {
            tracing::warn!(
                metric = name.as_str(),
                ?kind,
                before = before.as_str(),
                now = unit.as_str(),
                "the unit of a metric was changed; what reads the metric may take each unit for a metric of its own"
            );
        }
    }

    /// What all series of a metric share, there and to come. None in a forked child, and if nobody takes snapshots.
    #[cold]
    fn description(&self, kind: MetricKind, name: &KeyName) -> Option<Arc<Description>> {
        if self.is_forked() {
            return None;
        }
        match kind {
            MetricKind::Counter => self.counters.describe(name),
            MetricKind::Gauge => self.gauges.describe(name),
            MetricKind::Histogram => self.histograms.describe(name),
        }
    }

    /// Whether this is a forked child. It may have inherited locks from a thread that is not there, and it has nobody who
    /// takes snapshots anyway.
    fn is_forked(&self) -> bool {
        self.process.load(Ordering::Relaxed) != process()
    }

    #[cfg(test)]
    pub(crate) fn pretend_forked(&self) {
        self.process.fetch_add(1, Ordering::Relaxed);
    }

    /// The label of a metric that has most values, and how many.
    pub(crate) fn most_varied_label(&self, metric: &Arc<Metric>) -> Option<(String, usize)> {
        match metric.kind {
            MetricKind::Counter => self.counters.most_varied_label(metric),
            MetricKind::Gauge => self.gauges.most_varied_label(metric),
            MetricKind::Histogram => self.histograms.most_varied_label(metric),
        }
    }

    /// Metrics that came to their limit of series, at one time or another.
    pub(crate) fn limited_metrics(&self) -> Vec<Arc<Metric>> {
        self.naming.limited()
    }
}

/// Where there are no processes, or no forks, always the same.
fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}

impl Registry {
    /// Nobody takes snapshots any more: series and their handles go, and there are no new ones.
    pub(crate) fn close(&self) {
        // A forked child may drop the snapshotter as it ends, and is not to wait for a lock then.
        if self.is_forked() {
            return;
        }
        self.counters.close();
        self.gauges.close();
        self.histograms.close();
        self.invalidate_handles();
    }

    fn invalidate_handles(&self) {
        handle_cache::invalidate_registry::<Counter>(self.id);
        handle_cache::invalidate_registry::<Gauge>(self.id);
        handle_cache::invalidate_registry::<Histogram>(self.id);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if !self.is_forked() {
            self.invalidate_handles();
        }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
