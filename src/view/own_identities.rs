//! Where the destination sees all labels: each series has an identity of its own.

use crate::model::evicted::EvictedBytes;
use crate::model::identity::{Identity, Named};
use crate::model::metric_kind::MetricKind;
use crate::view::gauge_repeats::GaugeRepeats;
use crate::view::open_points::OpenPoint;
use crate::view::{Gained, What};
use metrics_recording::{Point, Series, SeriesId, Value};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct OwnIdentities {
    /// By the index of a series.
    identities: Vec<Option<Arc<Identity>>>,
    gauges: GaugeRepeats,
    /// By the index of a series, too. Empty where no snapshot comes before a window's end.
    open: Vec<Option<OpenPoint>>,
    opened: usize,
}

impl OwnIdentities {
    /// Tells a point if the snapshot `closes` the window, and else keeps it.
    #[inline]
    pub(crate) fn add(
        &mut self,
        point: &Point<'_>,
        closes: bool,
        new: impl FnOnce(Named) -> Identity,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let identity = identity_of(point.id, point.series, &mut self.identities, new);
        if let Value::Gauge { last, .. } = point.value {
            self.gauges.sent(point, identity, last);
        }
        if closes && self.opened == 0 {
            tell(identity, point.series, point.value, point.samples, each);
        } else {
            self.merge(point, closes, each);
        }
    }

    #[inline(never)]
    fn merge(&mut self, point: &Point<'_>, closes: bool, each: &mut impl FnMut(Gained<'_>)) {
        let index = point.id.index as usize;
        if index >= self.open.len() {
            self.open.resize_with(index + 1, || None);
        }
        let open = &mut self.open[index];
        if let Some(open) = open {
            open.add(point.value, point.samples);
        } else {
            *open = OpenPoint::of(point.value, point.samples);
            self.opened += usize::from(open.is_some());
        }
        if closes {
            self.tell_open(index, each);
        }
    }

    /// A series is evicted: what it has to say does not wait any longer.
    pub(crate) fn evict(
        &mut self,
        id: SeriesId,
        evicted: &EvictedBytes,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let index = id.index as usize;
        self.tell_open(index, each);
        self.gauges.evict(id);
        let identity = self.identities.get_mut(index).and_then(Option::take);
        // Others that have it are data on their way.
        if let Some(identity) = identity.filter(|identity| Arc::strong_count(identity) > 1) {
            identity.evict(evicted);
        }
    }

    /// The window ends, or the destination is flushed. A gauge that nobody touched is told again if that `repeats`.
    pub(crate) fn close(&mut self, repeats: bool, each: &mut impl FnMut(Gained<'_>)) {
        let mut index = 0;
        while self.opened > 0 && index < self.open.len() {
            self.tell_open(index, each);
            index += 1;
        }
        if repeats {
            self.gauges.repeat(each);
        }
        self.gauges.begin();
    }

    fn tell_open(&mut self, index: usize, each: &mut impl FnMut(Gained<'_>)) {
        let Some(open) = self.open.get_mut(index).and_then(Option::take) else {
            return;
        };
        self.opened -= 1;
        if let Some(identity) = &self.identities[index]
            && let Some(series) = identity.series()
        {
            tell(identity, series, open.value(), open.samples(), each);
        }
    }

    #[cfg(test)]
    pub(crate) fn identities(&self) -> &[Option<Arc<Identity>>] {
        &self.identities
    }

    /// How many points wait.
    #[cfg(test)]
    pub(crate) fn opened(&self) -> usize {
        self.opened
    }
}

#[inline]
fn tell(
    identity: &Arc<Identity>,
    series: &Series,
    value: Value<'_>,
    samples: u64,
    each: &mut impl FnMut(Gained<'_>),
) {
    each(Gained {
        kind: MetricKind::of(series.kind()),
        identity,
        unit: series.unit(),
        what: What::Recorded(value, samples),
    });
}

/// The identity that a series feeds; made, if it has none yet.
#[inline]
fn identity_of<'a>(
    id: SeriesId,
    series: &Arc<Series>,
    identities: &'a mut Vec<Option<Arc<Identity>>>,
    new: impl FnOnce(Named) -> Identity,
) -> &'a Arc<Identity> {
    let index = id.index as usize;
    if index >= identities.len() {
        identities.resize_with(index + 1, || None);
    }
    let place = &mut identities[index];
    let is_its = |own| Arc::ptr_eq(own, series);
    let own = place.as_ref().and_then(|identity| identity.series());
    if !own.is_some_and(is_its) {
        // There was none, or that of a series that had this index before.
        *place = None;
    }
    place.get_or_insert_with(|| Arc::new(new(Named::Series(Arc::clone(series)))))
}
