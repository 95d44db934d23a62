//! What a batch has become by an answer: some of it is settled, the rest goes on.

use crate::delivery::ledger::{Outcome, Settled};
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::model::datum::Datum;
use crate::model::identity::Origin;
use crate::model::profile::Confirms;
use crate::model::refusal::{Refusal, Refused};
use crate::model::returned::Returned;
use crate::model::send_result::Sent;
use metrics::Key;

impl QueuedBatch {
    /// The attempt's data arrived, but for what was refused nevertheless.
    pub(crate) fn sent(&self, sent: &Sent, confirms: Confirms) -> Verdict {
        let outcome = match confirms {
            Confirms::Stored => Outcome::Delivered,
            Confirms::Nothing => Outcome::HandedOver,
        };
        Verdict {
            settled: self.settle_sent(sent, outcome),
            rest: self.rest(),
        }
    }

    /// Nobody knows whether they arrived, and they are not sent again.
    pub(crate) fn given_up(&self) -> Verdict {
        Verdict {
            settled: vec![self.settled_in_part(self.batch.data(), Outcome::Ambiguous)],
            rest: self.rest(),
        }
    }

    /// Those of the attempt's data at these places are refused.
    pub(crate) fn refused_at(&self, places: &[usize], reason: &Refusal) -> Verdict {
        let (mut refused, mut others) = (Vec::new(), Vec::new());
        for (place, datum) in self.batch.data().iter().enumerate() {
            if places.contains(&place) {
                refused.push(datum.clone());
            } else {
                others.push(datum.clone());
            }
        }
        others.extend(self.aside().cloned());
        Verdict {
            settled: vec![self.refused(&refused, reason)],
            rest: self.part(others),
        }
    }

    /// These are refused.
    pub(crate) fn refused(&self, data: &[Datum], reason: &Refusal) -> Settled {
        let own = |datum: &&Datum| datum.origin != Origin::Exporter;
        let refused = data.iter().filter(own).map(|datum| datum.refused(reason));
        self.settled_in_part(data, Outcome::Refused(refused.collect()))
    }

    fn settle_sent(&self, sent: &Sent, outcome: Outcome) -> Vec<Settled> {
        let data = self.batch.data();
        if !sent.refused_any() {
            return vec![self.settled_in_part(data, outcome)];
        }
        let reason_of = |place| sent.refused.iter().find(|(index, _)| *index == place);
        let (mut taken, mut named, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (place, datum) in data.iter().enumerate() {
            if let Some((_, reason)) = reason_of(place) {
                named.push(datum.clone());
                refused.extend((datum.origin != Origin::Exporter).then(|| datum.refused(reason)));
            } else {
                taken.push(datum.clone());
            }
        }
        let mut settled = vec![self.settled_in_part(&named, Outcome::Refused(refused))];
        if let Some((unnamed, reason)) = &sent.refused_unnamed
            && self.batch.is_harmless()
        {
            settled.extend(self.settle_sent_totals(taken, *unnamed, reason, outcome));
            return settled;
        }
        let mut rest = self.settled_in_part(&taken, outcome);
        if let Some((unnamed, reason)) = &sent.refused_unnamed {
            let unnamed = (*unnamed).min(rest.data);
            let part = rest.amount.part(unnamed, rest.data);
            let all = Key::from_static_name("*");
            let refused = Refused::new(None, &all, reason, part.samples);
            rest.amount.subtract(part);
            rest.data -= unnamed;
            settled.push(Settled {
                data: unnamed,
                amount: part,
                is_repeated: self.is_repeated,
                outcome: Outcome::Refused(vec![refused]),
                returned: Vec::new(),
            });
        }
        settled.push(rest);
        settled
    }

    /// So many of these are refused. Whichever they are, the next totals have the samples of all.
    fn settle_sent_totals(
        &self,
        mut taken: Vec<Datum>,
        refused: usize,
        reason: &Refusal,
        outcome: Outcome,
    ) -> [Settled; 2] {
        let refused = taken.split_off(taken.len().saturating_sub(refused));
        let mut rest = self.settled_in_part(&taken, outcome);
        let mut refused = self.refused(&refused, reason);
        for total in taken.iter().filter_map(Returned::of) {
            rest.amount.samples -= total.samples;
            refused.returned.push(total);
        }
        [refused, rest]
    }
}
