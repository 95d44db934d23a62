//! Gauges that nobody touched are sent in every window all the same, until they are idle.

use crate::model::metric_kind::MetricKind;
use crate::view::{Gained, Identity, What};
use metrics_recording::{Point, SeriesId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What each gauge sent last, by the index of its series, which gives them an order.
#[derive(Debug, Default)]
pub(crate) struct GaugeRepeats {
    gauges: BTreeMap<u32, Sent>,
    collection: u64,
}

#[derive(Debug)]
struct Sent {
    id: SeriesId,
    identity: Arc<Identity>,
    last: f64,
    /// In which collection.
    at: u64,
}

impl GaugeRepeats {
    /// The next collection begins.
    pub(crate) fn begin(&mut self) {
        self.collection += 1;
    }

    pub(crate) fn sent(&mut self, point: &Point<'_>, identity: &Arc<Identity>, last: f64) {
        // What cannot be sent is refused when it is recorded, not in every window.
        if identity.refusal().is_some() {
            return;
        }
        let (id, at) = (point.id, self.collection);
        match self.gauges.get_mut(&id.index) {
            Some(sent) if sent.id == id => (sent.last, sent.at) = (last, at),
            _ => {
                let identity = Arc::clone(identity);
                let sent = Sent {
                    id,
                    identity,
                    last,
                    at,
                };
                self.gauges.insert(id.index, sent);
            }
        }
    }

    /// It is idle.
    pub(crate) fn evict(&mut self, id: SeriesId) {
        if self.gauges.get(&id.index).is_some_and(|sent| sent.id == id) {
            self.gauges.remove(&id.index);
        }
    }

    /// Sends the gauges again that this collection did not.
    pub(crate) fn repeat(&self, each: &mut impl FnMut(Gained<'_>)) {
        let others = self
            .gauges
            .values()
            .filter(|sent| sent.at != self.collection);
        for sent in others {
            each(Gained {
                kind: MetricKind::Gauge,
                identity: &sent.identity,
                unit: sent.identity.series().and_then(|series| series.unit()),
                what: What::Unchanged(sent.last),
            });
        }
    }
}
