//! Totals that came to nothing: the next one of the same start has their samples, if it is in the queue.

use crate::delivery::Delivery;
use crate::delivery::ledger::Outcome;
use crate::delivery::queue::Queue;
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::returned::Returned;
use metrics::Key;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

/// A total that came to nothing, with the number of its batch, and what became of it.
#[derive(Debug)]
pub(crate) struct ReturnedFrom {
    pub(crate) number: u64,
    pub(crate) total: Returned,
    pub(crate) outcome: Outcome,
}

type ByKey = HashMap<Key, Vec<ReturnedFrom>>;

impl Delivery {
    /// Totals that came to nothing since the last time, and have no next one in the queue.
    pub(crate) fn take_returned(&mut self) -> Vec<ReturnedFrom> {
        if self.returned.is_empty() {
            return Vec::new();
        }
        let mut by_key = ByKey::new();
        for one in std::mem::take(&mut self.returned) {
            let key = one.total.identity.key().clone();
            by_key.entry(key).or_default().push(one);
        }
        self.queue.give_to_totals(&mut by_key);
        by_key.into_values().flatten().collect()
    }

    /// What a total that came to nothing had is in one with this start.
    pub(crate) fn goes_on(&mut self, total: &Returned, start: SystemTime) {
        if total.is_zero {
            self.lost_zeros.goes_on(total, start);
        }
    }
}

impl Queue {
    fn give_to_totals(&mut self, by_key: &mut ByKey) {
        for queued in self.waiting_mut() {
            if by_key.values().flatten().all(|one| one.total.is_zero) {
                break;
            }
            queued.give_to_totals(by_key);
        }
    }
}

impl QueuedBatch {
    fn give_to_totals(&mut self, by_key: &mut ByKey) {
        let number = self.number;
        let mut given = Vec::new();
        for (place, datum) in self.batch.data().iter().enumerate() {
            let Some(earlier) = by_key.get_mut(datum.identity.key()) else {
                continue;
            };
            let Some(total) = Returned::of(datum).filter(|total| !total.is_zero) else {
                continue;
            };
            let goes_on = |one: &mut ReturnedFrom| {
                let is_same = (one.total.kind, one.total.start) == (total.kind, total.start);
                is_same && one.number < number && !one.total.is_zero
            };
            let samples = earlier.extract_if(.., goes_on);
            let samples: u64 = samples.map(|one| one.total.samples).sum();
            if samples > 0 {
                given.push((place, samples));
            }
        }
        for (place, samples) in given {
            Arc::make_mut(&mut self.batch).add_samples(place, samples);
            self.add_samples(samples);
        }
    }
}
