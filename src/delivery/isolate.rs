//! The search for bad data in a batch that was refused, by dividing it.

use crate::delivery::ledger::{Outcome, Settled};
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::model::datum::Datum;
use crate::model::identity::Origin;
use crate::model::profile::Confirms;
use crate::model::refusal::{Refusal, Refused};
use crate::model::returned::Returned;
use crate::model::send_result::Sent;
use metrics::Key;

/// The search for a datum that the destination does not accept, among those that were refused with
/// it. The batch of the next attempt is the half that is tried next.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    reason: Refusal,
    /// If the batch is accepted, the fault is here. Empty if there is none: all of it was too large.
    other_half: Vec<Datum>,
    /// Nothing is known of these.
    unknown: Vec<Datum>,
}

impl Search {
    /// For no fault.
    fn without(reason: &Refusal) -> Self {
        Self {
            reason: reason.clone(),
            other_half: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// What is not in the next attempt.
    pub(crate) fn aside(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.other_half.iter().chain(&self.unknown)
    }

    /// What is not in the next attempt, taken out.
    fn into_aside(self) -> Vec<Datum> {
        let mut aside = self.other_half;
        aside.extend(self.unknown);
        aside
    }
}

impl QueuedBatch {
    /// It arrived, but for what was refused nevertheless.
    pub(crate) fn sent(mut self, sent: &Sent, confirms: Confirms) -> Verdict {
        let outcome = match confirms {
            Confirms::Stored => Outcome::Delivered,
            Confirms::Nothing => Outcome::HandedOver,
        };
        let mut settled = self.settle_sent(sent, outcome);
        let search = self.search.take().map(|search| *search);
        let rest = match search {
            None => None,
            Some(search) if search.other_half.is_empty() => {
                self.go_on(&search.reason, search.unknown)
            }
            // It was in this half, so nothing is known of the other.
            Some(search) if sent.refused_any() => {
                let reason = search.reason.clone();
                self.go_on(&reason, search.into_aside())
            }
            Some(search) => {
                let verdict = self.narrow(search.reason, search.other_half, search.unknown);
                settled.extend(verdict.settled);
                verdict.rest
            }
        };
        Verdict { settled, rest }
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

    /// Nobody knows whether it arrived, and it must not be sent again. What was not in this attempt
    /// goes on.
    pub(crate) fn given_up(mut self) -> Verdict {
        let settled = vec![self.settled_in_part(self.batch.data(), Outcome::Ambiguous)];
        let search = self.search.take();
        let aside = search.map(|search| search.into_aside());
        let rest = self.part(aside.unwrap_or_default());
        Verdict { settled, rest }
    }

    /// Some of it is not acceptable: those `members`, or somebody.
    pub(crate) fn invalid(mut self, members: &[usize], reason: &Refusal) -> Verdict {
        let data = self.batch.data().to_vec();
        // It is in this half, so nothing is known of the other.
        let search = self.search.take();
        let mut unknown = search.map_or_else(Vec::new, |search| search.into_aside());
        if !members.iter().any(|member| *member < data.len()) {
            return self.narrow(reason.clone(), data, unknown);
        }
        let mut named = Vec::new();
        for (place, datum) in data.into_iter().enumerate() {
            if members.contains(&place) {
                named.push(datum);
            } else {
                unknown.push(datum);
            }
        }
        Verdict {
            settled: vec![self.refused(&named, reason)],
            rest: self.part(unknown),
        }
    }

    /// The destination does not take so much at once.
    pub(crate) fn too_large(mut self, reason: &Refusal) -> Verdict {
        let mut first = self.batch.data().to_vec();
        if first.len() == 1 {
            return self.invalid(&[0], reason);
        }
        let second = first.split_off(first.len() / 2);
        // One after the other, so that what is left is one batch, which has one record on disk.
        let search = self.search.take().map(|search| *search);
        let mut search = search.unwrap_or_else(|| Search::without(reason));
        if search.other_half.is_empty() {
            search.unknown.extend(second);
        } else {
            search.other_half.extend(second);
        }
        Verdict {
            settled: Vec::new(),
            rest: self.searching(first, search),
        }
    }

    /// These are refused.
    pub(crate) fn refused(&self, data: &[Datum], reason: &Refusal) -> Settled {
        let own = |datum: &&Datum| datum.origin != Origin::Exporter;
        let refused = data.iter().filter(own).map(|datum| datum.refused(reason));
        self.settled_in_part(data, Outcome::Refused(refused.collect()))
    }

    /// Nobody is at fault: the next part is as large as what was accepted.
    fn go_on(&self, reason: &Refusal, mut next: Vec<Datum>) -> Option<Self> {
        let len = self.batch.data().len().min(next.len());
        let mut search = Search::without(reason);
        search.unknown = next.split_off(len);
        self.searching(next, search)
    }

    /// One of the suspects is at fault: tries the first half of them, unless there is no doubt left.
    fn narrow(&self, reason: Refusal, mut suspects: Vec<Datum>, unknown: Vec<Datum>) -> Verdict {
        if suspects.len() == 1 {
            return Verdict {
                settled: vec![self.refused(&suspects, &reason)],
                rest: self.part(unknown),
            };
        }
        let other_half = suspects.split_off(suspects.len() / 2);
        let search = Search {
            reason,
            other_half,
            unknown,
        };
        Verdict {
            settled: Vec::new(),
            rest: self.searching(suspects, search),
        }
    }

    fn searching(&self, next: Vec<Datum>, search: Search) -> Option<Self> {
        Some(self.part(next)?.with_search(search))
    }
}
