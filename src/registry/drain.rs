//! The way out: what every series has to say since the last drain.

use super::Registry;
use super::identity::Identity;
use super::series::Series;
use crate::aggregate::{GaugePoint, HistogramPoint, RefusedPoint};
use crate::limits::ValueFault;
use crate::refusal::Refusal;
use metrics::{Key, Unit};
use metrics_util::MetricKind;
use std::sync::Arc;

/// A series, what was recorded to it, and what was refused there.
#[derive(Debug)]
pub(crate) struct Drained<'a> {
    pub(crate) kind: MetricKind,
    pub(crate) key: &'a Arc<Key>,
    pub(crate) identity: &'a Result<Arc<Identity>, Refusal>,
    pub(crate) unit: Option<Unit>,
    pub(crate) point: Point<'a>,
    pub(crate) refused: RefusedPoint,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Point<'a> {
    /// Nothing but refusals.
    None,
    Counter(u64),
    Gauge(GaugePoint),
    Histogram(&'a HistogramPoint),
}

const NOTHING_REFUSED: RefusedPoint = {
    let [a, b, c] = ValueFault::ALL;
    [(a, 0), (b, 0), (c, 0)]
};

impl Registry {
    /// Takes everything out that was recorded since the last drain.
    ///
    /// `repeat_gauges`: a gauge that nobody touched is told again, as in the first drain of a
    /// window. Drains come one after the other.
    pub(crate) fn drain(&self, repeat_gauges: bool, mut each: impl FnMut(Drained<'_>)) {
        self.counters.for_each(|series| {
            let delta = series.aggregate.drain();
            if delta > 0 {
                each(series.drained(MetricKind::Counter, Point::Counter(delta), NOTHING_REFUSED));
            }
        });
        self.gauges.for_each(|series| {
            let (point, refused) = series.aggregate.drain();
            // What cannot be sent is refused when it is recorded, not in every window.
            let repeat = repeat_gauges && series.identity.is_ok();
            let point = point.filter(|point| point.is_fresh || repeat);
            let point = point.map_or(Point::None, Point::Gauge);
            if !matches!(point, Point::None) || refused != NOTHING_REFUSED {
                each(series.drained(MetricKind::Gauge, point, refused));
            }
        });
        let mut buffer = HistogramPoint::default();
        self.histograms.for_each(|series| {
            let refused = series.aggregate.drain(&mut buffer);
            if buffer.count > 0 {
                let point = Point::Histogram(&buffer);
                each(series.drained(MetricKind::Histogram, point, refused));
            } else if refused != NOTHING_REFUSED {
                each(series.drained(MetricKind::Histogram, Point::None, refused));
            }
        });
    }
}

impl<A> Series<A> {
    fn drained<'a>(
        &'a self,
        kind: MetricKind,
        point: Point<'a>,
        refused: RefusedPoint,
    ) -> Drained<'a> {
        Drained {
            kind,
            key: &self.key,
            identity: &self.identity,
            unit: self.description.unit(),
            point,
            refused,
        }
    }
}
