//! The way out: what every series has to say since the last drain.

use super::Registry;
use super::identity::Identity;
use super::idle::{Idle, Moment};
use super::row::Show;
use super::series::Series;
use super::thread;
use crate::aggregate::{GaugePoint, HistogramPoint, RefusedPoint};
use crate::limits::ValueFault;
use metrics::Unit;
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::SystemTime;

/// A series, what was recorded to it, and what was refused there.
#[derive(Debug)]
pub(crate) struct Drained<'a> {
    pub(crate) kind: MetricKind,
    pub(crate) identity: &'a Arc<Identity>,
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
    pub(crate) fn drain(
        &self,
        now: SystemTime,
        repeat_gauges: bool,
        mut each: impl FnMut(Drained<'_>),
    ) {
        let moment = |kind| Moment::new(now, self.idle, kind);
        let kind = MetricKind::Counter;
        let then = moment(kind);
        self.counters
            .for_each(then, Show::Touched, |series, last_seen, _| {
                let delta = series.aggregate.drain();
                if delta > 0 {
                    each(series.drained(kind, Point::Counter(delta), NOTHING_REFUSED));
                }
                last_seen.look(then, delta > 0)
            });
        let kind = MetricKind::Gauge;
        let then = moment(kind);
        let show = if repeat_gauges {
            Show::All
        } else {
            Show::Touched
        };
        self.gauges
            .for_each(then, show, |series, last_seen, is_due| {
                let (point, refused) = if is_due {
                    series.aggregate.drain()
                } else {
                    (series.aggregate.untouched(), NOTHING_REFUSED)
                };
                let is_fresh = point.is_some_and(|point| point.is_fresh);
                let is_touched = is_fresh || refused != NOTHING_REFUSED;
                let idle = last_seen.look(then, is_touched);
                // What cannot be sent is refused when it is recorded, not in every window.
                let repeat =
                    repeat_gauges && idle == Idle::No && series.identity.refusal().is_none();
                let point = point.filter(|_| is_fresh || repeat);
                let point = point.map_or(Point::None, Point::Gauge);
                if !matches!(point, Point::None) || refused != NOTHING_REFUSED {
                    each(series.drained(kind, point, refused));
                }
                idle
            });
        let mut buffer = HistogramPoint::default();
        let free_slots = thread::free_slots();
        let kind = MetricKind::Histogram;
        let then = moment(kind);
        self.histograms
            .for_each(then, Show::Touched, |series, last_seen, _| {
                let refused = series.aggregate.drain(&mut buffer);
                let has_samples = buffer.count > 0;
                let is_touched = has_samples || refused != NOTHING_REFUSED;
                if has_samples {
                    each(series.drained(kind, Point::Histogram(&buffer), refused));
                } else if is_touched {
                    each(series.drained(kind, Point::None, refused));
                }
                series.aggregate.give_back(free_slots);
                last_seen.look(then, is_touched)
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
            identity: &self.identity,
            unit: self.description.unit(),
            point,
            refused,
        }
    }
}
