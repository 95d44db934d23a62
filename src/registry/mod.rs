//! Key → series, and the way out for drains.

pub(crate) mod drain;
mod forget;
mod handle;
pub(crate) mod identity;
mod idle;
mod known;
mod row;
pub(crate) mod series;
mod shelf;
mod thread;

pub(crate) use drain::{Drained, Point};
pub(crate) use identity::{Identity, Origin, PER_ALLOCATION};
pub(crate) use idle::IdleTimeout;

use crate::aggregate::{Counter, Gauge, Histogram, Mark};
use crate::dimension::Dimensions;
use handle::Handle;
use known::Kept;
use metrics::{Key, KeyName, Unit};
use metrics_util::MetricKind;
use series::Series;
use shelf::Shelf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Registry {
    /// Of its own in this process, for good: threads know series by it.
    id: u64,
    defaults: Arc<Dimensions>,
    idle: IdleTimeout,
    counters: Shelf<Counter>,
    gauges: Shelf<Gauge>,
    histograms: Shelf<Histogram>,
}

impl Registry {
    pub(crate) fn new(defaults: Arc<Dimensions>, idle: IdleTimeout) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            defaults,
            idle,
            counters: Shelf::new(),
            gauges: Shelf::new(),
            histograms: Shelf::new(),
        }
    }

    #[inline]
    pub(crate) fn counter(&self, key: &Key) -> metrics::Counter {
        match known::find(self.id, key) {
            Some(handle) => metrics::Counter::from_arc::<Handle<Counter>>(handle),
            None => match self.look_up(&self.counters, key, Counter::new) {
                Found::Own(handle) => metrics::Counter::from_arc(handle),
                Found::Shared(series) => metrics::Counter::from_arc(series),
            },
        }
    }

    #[inline]
    pub(crate) fn gauge(&self, key: &Key) -> metrics::Gauge {
        match known::find(self.id, key) {
            Some(handle) => metrics::Gauge::from_arc::<Handle<Gauge>>(handle),
            None => match self.look_up(&self.gauges, key, Gauge::new) {
                Found::Own(handle) => metrics::Gauge::from_arc(handle),
                Found::Shared(series) => metrics::Gauge::from_arc(series),
            },
        }
    }

    #[inline]
    pub(crate) fn histogram(&self, key: &Key) -> metrics::Histogram {
        match known::find(self.id, key) {
            Some(handle) => metrics::Histogram::from_arc::<Handle<Histogram>>(handle),
            None => match self.look_up(&self.histograms, key, Histogram::new) {
                Found::Own(handle) => metrics::Histogram::from_arc(handle),
                Found::Shared(series) => metrics::Histogram::from_arc(series),
            },
        }
    }

    /// How many keys are known.
    #[cfg(test)]
    fn known(&self) -> usize {
        self.counters.known() + self.gauges.known() + self.histograms.known()
    }

    #[cold]
    #[inline(never)]
    fn look_up<A: Kept>(&self, among: &Shelf<A>, key: &Key, new: fn(Mark) -> A) -> Found<A> {
        let series = among.get_or_create(key, &self.defaults, new);
        match known::keep(self.id, key, &series) {
            Some(handle) => Found::Own(handle),
            None => Found::Shared(series),
        }
    }

    pub(crate) fn describe(&self, kind: MetricKind, name: &KeyName, unit: Unit) {
        let before = match kind {
            MetricKind::Counter => self.counters.describe(name, unit),
            MetricKind::Gauge => self.gauges.describe(name, unit),
            MetricKind::Histogram => self.histograms.describe(name, unit),
        };
        if let Some(before) = before {
            tracing::warn!(
                metric = name.as_str(),
                ?kind,
                before = before.as_str(),
                now = unit.as_str(),
                "the unit of a metric was changed; CloudWatch keeps each unit as a stream of its own"
            );
        }
    }
}

enum Found<A> {
    Own(Arc<Handle<A>>),
    /// The thread has no room for a handle of its own.
    Shared(Arc<Series<A>>),
}

impl Drop for Registry {
    fn drop(&mut self) {
        known::retract::<Counter>(|handle| handle.registry == self.id);
        known::retract::<Gauge>(|handle| handle.registry == self.id);
        known::retract::<Histogram>(|handle| handle.registry == self.id);
    }
}

#[cfg(test)]
mod tests;
