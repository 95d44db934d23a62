//! Totals whose zero came to nothing: a reader would not see their first increase, so that they are not sent. The view
//! begins a new total, which has their samples.

use crate::delivery::ledger::{Outcome, Settled};
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::model::datum::Datum;
use crate::model::metric_kind::MetricKind;
use crate::model::returned::Returned;
use metrics::Key;
use std::collections::HashMap;
use std::time::SystemTime;

#[derive(Debug, Default)]
pub(crate) struct LostZeros(HashMap<Key, Vec<Lost>>);

#[derive(Debug)]
struct Lost {
    kind: MetricKind,
    start: SystemTime,
    /// Batches from this number on go on from another zero.
    end: u64,
    /// What became of the zero.
    outcome: Outcome,
    /// The start of the total that has their samples; none, if there is none.
    next: Option<SystemTime>,
}

impl LostZeros {
    /// Some of a batch is settled; the next one will have the number `next`.
    pub(crate) fn settled(&mut self, settled: &Settled, next: u64) {
        for zero in settled.returned.iter().filter(|one| one.is_zero) {
            let lost = Lost {
                kind: zero.kind,
                start: zero.start,
                end: next,
                outcome: settled.outcome_of(zero),
                next: None,
            };
            let key = zero.identity.key().clone();
            self.0.entry(key).or_default().push(lost);
        }
    }

    /// What is not to be sent of a batch, apart from the rest; none, if that is nothing.
    pub(crate) fn withheld(&mut self, queued: &QueuedBatch) -> Option<Verdict> {
        // Batches go in order.
        self.0.retain(|_, lost| {
            lost.retain(|one| one.end > queued.number);
            !lost.is_empty()
        });
        if self.0.is_empty() || queued.is_zeros() {
            return None;
        }
        let mut verdict = Verdict::default();
        let mut rest = Vec::new();
        for datum in queued.data() {
            if let Some(lost) = self.of(datum) {
                let one = std::slice::from_ref(datum);
                let mut settled = queued.settled_in_part(one, lost.outcome.clone());
                for total in &mut settled.returned {
                    total.start = lost.next.unwrap_or(total.start);
                }
                verdict.settled.push(settled);
            } else {
                rest.push(datum.clone());
            }
        }
        (!verdict.settled.is_empty()).then(|| Verdict {
            rest: queued.part(rest),
            ..verdict
        })
    }

    /// The total of a lost zero goes on in one with this start.
    pub(crate) fn goes_on(&mut self, zero: &Returned, start: SystemTime) {
        let lost = self.0.get_mut(zero.identity.key());
        let mut lost = lost.into_iter().flatten();
        let is_its = |one: &&mut Lost| (one.kind, one.start) == (zero.kind, zero.start);
        if let Some(lost) = lost.find(is_its) {
            lost.next = Some(start);
        }
    }

    fn of(&self, datum: &Datum) -> Option<&Lost> {
        let lost = self.0.get(datum.identity.key())?;
        let total = Returned::of(datum)?;
        let mut lost = lost.iter();
        lost.find(|one| (one.kind, one.start) == (total.kind, total.start))
    }
}
