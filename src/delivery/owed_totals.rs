//! What totals had that came to nothing, as they were refused, dropped or given up: their samples, and that they were the
//! first of their start. The next total of the same start has it.
//!
//! It is owed until that one is in memory: it waits there already, or is read from disk, or is yet to be told by the view.
//! Until then its samples are pending.

use crate::delivery::Delivery;
use crate::delivery::ledger::{Ledger, Outcome, Settled};
use crate::delivery::queue::Queue;
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::datum::{Datum, DatumValue};
use crate::model::returned::Returned;
use metrics::Key;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct OwedTotals {
    /// None of those that wait has been asked yet.
    new: ByKey,
    /// To be paid to one that is not in memory yet.
    standing: ByKey,
}

type ByKey = HashMap<Key, Vec<Owed>>;

#[derive(Debug)]
struct Owed {
    /// Of the batch in which it came to nothing.
    number: u64,
    /// How many flushes had begun then.
    opened: u64,
    total: Returned,
    /// What becomes of the samples if there is no next one.
    outcome: Outcome,
}

impl OwedTotals {
    /// Some of a batch is settled.
    pub(crate) fn add(&mut self, number: u64, settled: &Settled, ledger: &Ledger) {
        if settled.returned.is_empty() {
            return;
        }
        let opened = ledger.opened();
        for total in &settled.returned {
            let owed = Owed {
                number,
                opened,
                total: total.clone(),
                outcome: settled.outcome_of(total),
            };
            let key = total.key.clone();
            self.new.entry(key).or_default().push(owed);
        }
    }
}

#[cfg(test)]
impl OwedTotals {
    /// None of those that wait is the next one.
    pub(crate) fn stand(&mut self) {
        self.standing = std::mem::take(&mut self.new);
    }

    pub(crate) fn pay(&mut self, queued: &mut QueuedBatch, queue: &Queue, ledger: &Ledger) -> bool {
        pay(&mut self.standing, queued, queue, ledger)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.new.is_empty() && self.standing.is_empty()
    }
}

/// Pays what is owed to the totals of a batch, unless there may be an earlier one on disk. Gives whether it paid any.
fn pay(all: &mut ByKey, queued: &mut QueuedBatch, queue: &Queue, ledger: &Ledger) -> bool {
    let mut any = false;
    if all.is_empty() {
        return any;
    }
    for place in 0..queued.batch.data().len() {
        let datum = &queued.batch.data()[place];
        let Some(owed) = all.get_mut(datum.identity.key()) else {
            continue;
        };
        let Some(total) = Returned::of(datum) else {
            continue;
        };
        let is_its = |owed: &mut Owed| {
            let of = (owed.total.kind, owed.total.start);
            let next_on_disk = || queue.next_on_disk(owed.number);
            let is_next = || next_on_disk().is_none_or(|next| queued.number < next);
            of == (total.kind, total.start) && owed.number < queued.number && is_next()
        };
        let (mut samples, mut begins) = (0, false);
        for owed in owed.extract_if(.., is_its) {
            let more = owed.total.samples;
            ledger.passed_on(owed.number, owed.opened, queued.number, more);
            samples += more;
            begins |= owed.total.begins;
        }
        if owed.is_empty() {
            all.remove(&total.key);
        }
        any |= samples > 0 || begins;
        queued.receive(place, samples, begins);
    }
    any
}

impl Delivery {
    /// Pays what is owed to the totals of a batch that is new in memory.
    pub(crate) fn pay(&mut self, queued: &mut QueuedBatch) {
        if pay(&mut self.owed.standing, queued, &self.queue, &self.ledger) {
            queued.durability.outdate();
        }
    }

    /// Pays what is newly owed to totals that wait.
    pub(crate) fn pay_waiting(&mut self) {
        let mut new = std::mem::take(&mut self.owed.new);
        let all = new.values().flatten();
        let mut last = all.map(|owed| owed.number).min();
        // Most often the next batches have them all: a queue of any length is not looked through.
        while let Some(number) = last.and_then(|last| self.queue.next_waiting(last))
            && !new.is_empty()
        {
            last = Some(number);
            let Some(mut queued) = self.queue.take(number) else {
                continue;
            };
            if pay(&mut new, &mut queued, &self.queue, &self.ledger) {
                // It may be left to the disk, or to another process.
                queued.durability.outdate();
                self.store(&mut queued);
            }
            self.queue.push(queued);
        }
        for (key, owed) in new {
            self.owed.standing.entry(key).or_default().extend(owed);
        }
    }

    /// What has no next total is lost: `goes_on` tells whether the view has one to come. If all `is_over` nothing comes back
    /// from the disk either.
    pub(crate) fn lose_unpaid(&mut self, is_over: bool, goes_on: impl Fn(&Returned) -> bool) {
        let queue = &self.queue;
        let ledger = &self.ledger;
        self.owed.standing.retain(|_, all| {
            let is_lost = |owed: &mut Owed| {
                let may_be_on_disk = queue.next_on_disk(owed.number).is_some();
                is_over || !may_be_on_disk && !goes_on(&owed.total)
            };
            for lost in all.extract_if(.., is_lost) {
                let (number, samples) = (lost.number, lost.total.samples);
                ledger.passed_on(number, lost.opened, number, samples);
                ledger.settle(number, &Settled::lost(&lost.total, lost.outcome));
            }
            !all.is_empty()
        });
    }
}

impl QueuedBatch {
    /// Its totals, whose samples no ledger has.
    pub(crate) fn uncounted_totals(&self) -> Vec<Returned> {
        let totals = self.data().filter_map(Returned::of);
        let uncounted = totals.map(|total| Returned {
            samples: 0,
            ..total
        });
        uncounted.filter(|_| self.batch.is_harmless()).collect()
    }

    /// The total at a place has what an earlier one had.
    fn receive(&mut self, place: usize, samples: u64, begins: bool) {
        if samples == 0 && !begins {
            return;
        }
        self.add_samples(samples);
        if let Some(datum) = Arc::make_mut(&mut self.batch).datum_mut(place) {
            datum.receive(samples, begins);
        }
    }
}

impl Datum {
    fn receive(&mut self, samples: u64, begins: bool) {
        self.samples = self.samples.saturating_add(samples);
        if let DatumValue::Total(total) = &mut self.value {
            total.begins |= begins;
        }
    }
}
