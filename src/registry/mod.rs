//! Key → series, and the way out for drains.

pub(crate) mod drain;
pub(crate) mod identity;
pub(crate) mod series;
mod shelf;

pub(crate) use drain::{Drained, Point};
pub(crate) use identity::{Identity, Origin};

use crate::aggregate::{Counter, Gauge, Histogram};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Unit};
use metrics_util::MetricKind;
use series::Series;
use shelf::Shelf;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Registry {
    defaults: Dimensions,
    counters: Shelf<Counter>,
    gauges: Shelf<Gauge>,
    histograms: Shelf<Histogram>,
}

impl Registry {
    pub(crate) fn new(defaults: Dimensions) -> Self {
        Self {
            defaults,
            counters: Shelf::new(MetricKind::Counter),
            gauges: Shelf::new(MetricKind::Gauge),
            histograms: Shelf::new(MetricKind::Histogram),
        }
    }

    pub(crate) fn counter(&self, key: &Key) -> Arc<Series<Counter>> {
        self.counters
            .get_or_create(key, &self.defaults, Counter::new)
    }

    pub(crate) fn gauge(&self, key: &Key) -> Arc<Series<Gauge>> {
        self.gauges.get_or_create(key, &self.defaults, Gauge::new)
    }

    pub(crate) fn histogram(&self, key: &Key) -> Arc<Series<Histogram>> {
        self.histograms
            .get_or_create(key, &self.defaults, Histogram::new)
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
