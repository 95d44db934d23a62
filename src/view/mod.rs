//! What a destination makes of what was recorded: which identity a series feeds, and gauges that are sent again.

mod gauge_repeats;
pub(crate) mod identity;
mod series_policy;

pub(crate) use identity::{Identity, Named, Origin, PER_ALLOCATION};
pub(crate) use series_policy::SeriesPolicy;

use crate::dimension::Dimensions;
use crate::limits::ValueFault;
use gauge_repeats::GaugeRepeats;
use metrics::Unit;
use metrics_recording::{Event, RefusalReason, Series, SeriesId, Snapshotter, Value};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::SystemTime;

/// By series: its identity, until the series is evicted.
#[derive(Debug)]
pub(crate) struct View {
    defaults: Arc<Dimensions>,
    /// By the index of a [`SeriesId`].
    identities: Vec<Option<Arc<Identity>>>,
    gauges: GaugeRepeats,
}

/// What one series has to say of a window.
#[derive(Debug)]
pub(crate) struct Gained<'a> {
    pub(crate) kind: MetricKind,
    pub(crate) identity: &'a Arc<Identity>,
    pub(crate) unit: Option<Unit>,
    pub(crate) what: What<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// What was recorded, and how many samples that is.
    Recorded(Value<'a>, u64),
    /// A gauge that nobody touched since it was sent: its last value.
    Unchanged(f64),
    /// Samples of no use, and why.
    Refused(ValueFault, u64),
}

impl View {
    pub(crate) fn new(defaults: &Arc<Dimensions>) -> Self {
        Self {
            defaults: Arc::clone(defaults),
            identities: Vec::new(),
            gauges: GaugeRepeats::default(),
        }
    }

    /// Takes all that was recorded since the last call. `repeats_gauges`: a gauge that nobody touched is told again,
    /// as the first time in a window.
    pub(crate) fn collect(
        &mut self,
        snapshotter: &mut Snapshotter,
        now: SystemTime,
        repeats_gauges: bool,
        mut each: impl FnMut(Gained<'_>),
    ) {
        self.gauges.begin();
        snapshotter.visit(now, |_| true, |event| self.hear(event, &mut each));
        if repeats_gauges {
            self.gauges.repeat(&mut each);
        }
    }

    #[inline]
    fn hear(&mut self, event: Event<'_>, each: &mut impl FnMut(Gained<'_>)) {
        match event {
            Event::Point(point) => {
                let Self {
                    defaults,
                    identities,
                    gauges,
                } = self;
                let identity = identity_of(point.id, point.series, identities, defaults);
                if let Value::Gauge { last, .. } = point.value {
                    gauges.sent(&point, identity, last);
                }
                each(Gained {
                    kind: point.series.kind(),
                    identity,
                    unit: point.series.unit(),
                    what: What::Recorded(point.value, point.samples),
                });
            }
            Event::Evicted(id) => {
                self.gauges.evict(id);
                if let Some(place) = self.identities.get_mut(id.index as usize) {
                    *place = None;
                }
            }
            Event::Refused {
                series: Some(series),
                reason,
                samples,
                ..
            } => {
                let Some(fault) = fault(reason) else {
                    return;
                };
                let named = Named::Series(Arc::clone(series));
                let identity = Arc::new(Identity::new(named, &self.defaults));
                each(Gained {
                    kind: series.kind(),
                    identity: &identity,
                    unit: None,
                    what: What::Refused(fault, samples),
                });
            }
            // No metric has a limit of series.
            _ => {}
        }
    }
}

/// The identity that a series feeds; made, if it has none yet.
#[inline]
fn identity_of<'a>(
    id: SeriesId,
    series: &Arc<Series>,
    identities: &'a mut Vec<Option<Arc<Identity>>>,
    defaults: &Arc<Dimensions>,
) -> &'a Arc<Identity> {
    let index = id.index as usize;
    if index >= identities.len() {
        identities.resize_with(index + 1, || None);
    }
    let place = &mut identities[index];
    let is_its = |identity: &Arc<Identity>| identity.is_of(series);
    if !place.as_ref().is_some_and(is_its) {
        // There was none, or that of a series that had this index before.
        *place = None;
    }
    place.get_or_insert_with(|| {
        let named = Named::Series(Arc::clone(series));
        Arc::new(Identity::new(named, defaults))
    })
}

/// None, if it is not about a value.
fn fault(reason: RefusalReason) -> Option<ValueFault> {
    match reason {
        RefusalReason::NotANumber => Some(ValueFault::NotANumber),
        RefusalReason::Infinite => Some(ValueFault::Infinite),
        RefusalReason::OutOfRange => Some(ValueFault::OutOfRange),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
