//! A key's way to its handle: the thread's handle cache, else the map of all series.

use super::description_cache;
use super::dropped::Dropped;
use super::handle_cache::{self, Known};
use super::handle_owner::{self, Cached, Handle};
use super::map::{Found, SeriesMap};
use super::name_rules::{self, NameRule};
use super::naming::{Nameless, Naming};
use super::projection::Sought;
use super::recorded::Recorded;
use super::shown_name::shown;
use crate::aggregate::{self, Counter, Gauge, Histogram};
use crate::recording_policy::RecordingPolicy;
use crate::series::{Description, Metric};
use crate::sync::AtomicU64;
use metrics::{Key, KeyName, Metadata, Unit};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub(crate) struct Registry {
    /// Of its own in this process, for good: handle caches know series by it.
    id: u64,
    /// In which it was made.
    process: AtomicU32,
    /// Nobody takes snapshots any more.
    is_closed: AtomicBool,
    naming: Naming,
    pub(crate) counters: SeriesMap<Counter>,
    pub(crate) gauges: SeriesMap<Gauge>,
    pub(crate) histograms: SeriesMap<Histogram>,
}

/// A handle of a thread's own, or one that all threads share where the thread has no room, or what has no series.
enum Registered<A> {
    Own(Arc<Handle<A>>),
    Shared(Arc<Recorded<A>>),
    Dropped(Arc<Dropped>),
    Nothing,
}

impl Registry {
    pub(crate) fn new(policy: impl RecordingPolicy) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        // So that no forked child inherits the lock of one that is just being made.
        aggregate::make_statics();
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            process: AtomicU32::new(process()),
            is_closed: AtomicBool::new(false),
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
            Registered::Dropped(dropped) => metrics::Counter::from_arc(dropped),
            Registered::Nothing => metrics::Counter::noop(),
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
            Registered::Dropped(dropped) => metrics::Gauge::from_arc(dropped),
            Registered::Nothing => metrics::Gauge::noop(),
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
            Registered::Dropped(dropped) => metrics::Histogram::from_arc(dropped),
            Registered::Nothing => metrics::Histogram::noop(),
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
        // First, so that what is known before a place becomes free is not taken for later knowledge.
        let freed = self.naming.freed();
        let known = name_rules::with(self.id, A::KIND, key, |rule| match rule {
            Some(NameRule::Disabled) => Some(Registered::Nothing),
            Some(NameRule::Nameless(dropped)) => Some(Registered::Dropped(Arc::clone(dropped))),
            Some(NameRule::Projected(projection)) => {
                self.find_other(Sought::projected(key, projection), freed)
            }
            None => self.find_other(Sought::whole(key), freed),
        });
        known.unwrap_or_else(|| {
            // Only before a lock, as to ask is a system call.
            if self.is_closed.load(Ordering::Relaxed) || self.is_forked() {
                return Registered::Nothing;
            }
            let found = among.get_or_create(key, metadata, &self.naming);
            self.remember(key, freed, found)
        })
    }

    fn find_other<A: Cached>(&self, sought: Sought<'_>, freed: u64) -> Option<Registered<A>> {
        Some(match handle_cache::find_other(self.id, sought, freed)? {
            Known::Handle(handle) => Registered::Own(handle),
            Known::Dropped(dropped) => Registered::Dropped(dropped),
        })
    }

    /// What the calling thread will look for, once it knows the metric.
    fn sought<'k>(&self, key: &'k Key, metric: &'k Metric) -> Sought<'k> {
        let Some(projection) = &metric.policy.projection else {
            return Sought::whole(key);
        };
        let rule = NameRule::Projected(projection.clone());
        name_rules::insert(self.id, metric.kind, key, rule);
        Sought::projected(key, projection)
    }

    /// Lets the calling thread know what a key was found to be.
    fn remember<A: Cached>(&self, key: &Key, freed: u64, found: Found<A>) -> Registered<A> {
        let learn = |rule| name_rules::insert(self.id, A::KIND, key, rule);
        match found {
            Found::Series(recorded) => {
                let metric = &recorded.series().metric;
                description_cache::make_room(self.id, metric, &key.name_shared());
                let sought = self.sought(key, metric);
                let handle = handle_cache::insert(self.id, sought, &recorded);
                // A place became free meanwhile, and others were told before this thread knew.
                if recorded.series().is_overflow && self.naming.freed() != freed {
                    handle_cache::remove::<A>(self.id, sought);
                    return Registered::Shared(recorded);
                }
                match handle {
                    Some(handle) => Registered::Own(handle),
                    None => Registered::Shared(recorded),
                }
            }
            Found::Beyond(metric) => {
                let (sought, dropped) = (self.sought(key, &metric), metric.limit.dropped());
                handle_cache::insert_dropped::<A>(self.id, sought, dropped, freed);
                Registered::Dropped(Arc::clone(dropped))
            }
            Found::Nameless(dropped) => {
                learn(NameRule::Nameless(Arc::clone(&dropped)));
                Registered::Dropped(dropped)
            }
            Found::Disabled => {
                learn(NameRule::Disabled);
                Registered::Nothing
            }
            Found::Closed => Registered::Nothing,
        }
    }

    pub(crate) fn describe(&self, kind: MetricKind, name: &KeyName, unit: Unit) {
        let mut before = None;
        let set = |description: &Description| before = description.set_unit(unit);
        if !description_cache::find(self.id, kind, name, set) {
            if self.is_closed.load(Ordering::Relaxed) || self.is_forked() {
                return;
            }
            let description = self.description(kind, name);
            description_cache::insert(self.id, kind, name, description.as_ref());
            before = description.and_then(|description| description.set_unit(unit));
        }
        // A child may have inherited a lock of the log's.
        if let Some(before) = before
            && !self.is_forked()
        {
            tracing::warn!(
                metric = &*shown(name),
                ?kind,
                before = before.as_str(),
                now = unit.as_str(),
                "the unit of a metric was changed; what reads the metric may take each unit for a metric of its own"
            );
        }
    }

    /// What all series of a metric share, there and to come. None if there is no room, or nobody takes snapshots.
    #[cold]
    fn description(&self, kind: MetricKind, name: &KeyName) -> Option<Arc<Description>> {
        match kind {
            MetricKind::Counter => self.counters.describe(name, &self.naming),
            MetricKind::Gauge => self.gauges.describe(name, &self.naming),
            MetricKind::Histogram => self.histograms.describe(name, &self.naming),
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

    /// The first metric that was one too many.
    pub(crate) fn nameless(&self) -> Option<&Nameless> {
        self.naming.nameless()
    }

    /// What was recorded since the last call to metrics that were too many, by kind.
    pub(crate) fn take_nameless_samples(&self) -> [(MetricKind, u64); 3] {
        [
            (MetricKind::Counter, self.counters.nameless().take()),
            (MetricKind::Gauge, self.gauges.nameless().take()),
            (MetricKind::Histogram, self.histograms.nameless().take()),
        ]
    }

    /// Metrics that came to their limit of series, at one time or another.
    pub(crate) fn limited_metrics(&self) -> Vec<Arc<Metric>> {
        self.naming.limited()
    }

    /// Nobody takes snapshots any more: series and their handles go, and there are no new ones.
    pub(crate) fn close(&self) {
        // A forked child may drop the snapshotter as it ends, and is not to wait for a lock then.
        if self.is_forked() {
            return;
        }
        self.is_closed.store(true, Ordering::Relaxed);
        self.counters.close();
        self.gauges.close();
        self.histograms.close();
        self.invalidate_handles();
    }

    fn invalidate_handles(&self) {
        handle_owner::invalidate_registry::<Counter>(self.id);
        handle_owner::invalidate_registry::<Gauge>(self.id);
        handle_owner::invalidate_registry::<Histogram>(self.id);
    }

    /// How often places of series became free.
    pub(crate) fn freed(&self) -> u64 {
        self.naming.freed()
    }

    /// Takes the handles of overflow series from all threads.
    pub(crate) fn forget_overflows(&self) {
        handle_owner::invalidate_overflows::<Counter>(self.id);
        handle_owner::invalidate_overflows::<Histogram>(self.id);
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

/// Where there are no processes, or no forks, always the same.
fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}
