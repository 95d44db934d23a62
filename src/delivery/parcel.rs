//! A batch on its way, and what becomes of it when the destination finds fault with some of it.

use crate::delivery::entry::Entry;
use crate::delivery::event::{Ending, Settled};
use crate::limits::{self, TimestampFault};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::identity::Origin;
use crate::model::outcome::Sent;
use crate::model::profile::Confirms;
use crate::model::refusal::{Refusal, Refused};
use metrics::Key;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// A batch that is to be sent, with what waits for its fate.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// In the order of arrival; the parts of a batch all have its number.
    pub(crate) number: u64,
    /// What the next attempt sends.
    pub(crate) batch: Arc<Batch>,
    search: Option<Box<Search>>,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
    pub(crate) not_before: Option<Instant>,
    /// It may have arrived already: the fate of an attempt is not known.
    pub(crate) is_repeated: bool,
    pub(crate) entry: Entry,
}

/// The search for a datum that the destination does not accept, among those that were refused with
/// it. The parcel's batch is the half that is tried next.
#[derive(Clone, Debug)]
struct Search {
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
}

/// What an answer did to a parcel: some of it is settled, the rest goes on.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) settled: Vec<Settled>,
    pub(crate) rest: Vec<Parcel>,
}

impl Parcel {
    pub(crate) fn new(number: u64, batch: Batch) -> Self {
        Self {
            number,
            batch: Arc::new(batch),
            search: None,
            failures: 0,
            not_before: None,
            is_repeated: false,
            entry: Entry::None,
        }
    }

    /// All data of it, those that are not in the next attempt included.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Datum> {
        self.batch.data().iter().chain(self.aside())
    }

    /// What is not in the next attempt.
    fn aside(&self) -> impl Iterator<Item = &Datum> {
        let search = self.search.iter();
        search.flat_map(|search| search.other_half.iter().chain(&search.unknown))
    }

    /// The earliest of its data's time stamps.
    pub(crate) fn oldest(&self) -> SystemTime {
        let aside = self.aside().map(|datum| datum.timestamp);
        aside.fold(self.batch.oldest(), SystemTime::min)
    }

    pub(crate) fn amount(&self) -> Amount {
        Amount::of(self.data())
    }

    /// How much of it has perhaps arrived, and nobody will know if it is not tried again; what is on disk will be.
    pub(crate) fn uncertain(&self, is_in_flight: bool) -> Amount {
        if matches!(self.entry, Entry::Stored(_)) {
            Amount::default()
        } else if self.is_repeated {
            self.amount()
        } else if is_in_flight {
            Amount::of(self.batch.data())
        } else {
            Amount::default()
        }
    }

    pub(crate) fn memory_len(&self) -> usize {
        self.batch.memory_len() + self.aside().map(Datum::memory_len).sum::<usize>()
    }

    /// Bytes that it keeps of evicted series, as if nobody else did.
    pub(crate) fn evicted_len(&self) -> usize {
        self.data().map(|datum| datum.identity.evicted_len()).sum()
    }

    /// All of it ends in the same way.
    pub(crate) fn ended(&self, ending: Ending) -> Settled {
        Settled {
            number: self.number,
            data: self.data().count(),
            amount: self.amount(),
            ending,
        }
    }

    /// There is no room for it any more.
    pub(crate) fn dropped(&self) -> Settled {
        if self.is_repeated {
            self.ended(Ending::Ambiguous)
        } else {
            self.ended(Ending::Dropped)
        }
    }

    /// It arrived, but for what was refused nevertheless.
    pub(crate) fn sent(self, sent: &Sent, confirms: Confirms) -> Outcome {
        let mut outcome = Outcome::default();
        let ending = match confirms {
            Confirms::Stored => Ending::Sent {
                is_repeated: self.is_repeated,
            },
            Confirms::Nothing => Ending::HandedOver {
                is_repeated: self.is_repeated,
            },
        };
        self.settle_sent(sent, ending, &mut outcome);
        if let Some(search) = self.search.clone() {
            let Search {
                reason,
                other_half,
                unknown,
            } = *search;
            if other_half.is_empty() {
                self.go_on(&reason, unknown, &mut outcome);
            } else if sent.refused_any() {
                // It was in this half, so nothing is known of the other.
                let mut rest = other_half;
                rest.extend(unknown);
                self.go_on(&reason, rest, &mut outcome);
            } else {
                self.narrow(reason, other_half, unknown, &mut outcome);
            }
        }
        outcome
    }

    fn settle_sent(&self, sent: &Sent, ending: Ending, outcome: &mut Outcome) {
        let data = self.batch.data();
        if !sent.refused_any() {
            outcome.settle(self.number, data, ending);
            return;
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
        let named = (named.len(), Amount::of(&named));
        outcome.refuse_in_answer(self.number, named, refused);
        let (mut settled, mut amount) = (taken.len(), Amount::of(&taken));
        if let Some((unnamed, reason)) = &sent.refused_unnamed {
            let unnamed = (*unnamed).min(settled);
            let part = amount.part(unnamed, settled);
            let refused = Refused {
                kind: None,
                key: Key::from_static_name("*"),
                reason: reason.clone(),
                samples: part.samples,
            };
            outcome.refuse_in_answer(self.number, (unnamed, part), vec![refused]);
            amount.subtract(part);
            settled -= unnamed;
        }
        outcome.settled.push(Settled {
            number: self.number,
            data: settled,
            amount,
            ending,
        });
    }

    /// Nobody knows whether it arrived, and it must not be sent again. What was not in this attempt
    /// goes on.
    pub(crate) fn given_up(self) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.settle(self.number, self.batch.data(), Ending::Ambiguous);
        let aside = self.search.clone().map(|search| {
            let Search {
                mut other_half,
                unknown,
                ..
            } = *search;
            other_half.extend(unknown);
            other_half
        });
        outcome.rest.extend(self.part(aside.unwrap_or_default()));
        outcome
    }

    /// Some of it is not acceptable: those `members`, or somebody.
    pub(crate) fn invalid(self, members: &[usize], reason: &Refusal) -> Outcome {
        let mut outcome = Outcome::default();
        let data = self.batch.data();
        let (mut other_half, mut unknown) = (Vec::new(), Vec::new());
        if let Some(search) = self.search.clone() {
            other_half = search.other_half;
            unknown = search.unknown;
        }
        // It is in this half, so nothing is known of the other.
        unknown.append(&mut other_half);
        let is_named = |place: &usize| members.contains(place);
        if (0..data.len()).any(|place| is_named(&place)) {
            let mut named = Vec::new();
            for (place, datum) in data.iter().enumerate() {
                if is_named(&place) {
                    named.push(datum.clone());
                } else {
                    unknown.push(datum.clone());
                }
            }
            outcome.refuse(self.number, &named, reason);
            outcome.rest.extend(self.part(unknown));
        } else {
            let suspects = data.to_vec();
            self.narrow(reason.clone(), suspects, unknown, &mut outcome);
        }
        outcome
    }

    /// The destination does not take so much at once.
    pub(crate) fn too_large(self, reason: &Refusal) -> Outcome {
        let mut outcome = Outcome::default();
        let mut first = self.batch.data().to_vec();
        if first.len() == 1 {
            return self.invalid(&[0], reason);
        }
        let second = first.split_off(first.len() / 2);
        // One after the other, so that what is left is one parcel, which has one entry on disk.
        let search = self.search.as_deref().cloned();
        let mut search = search.unwrap_or_else(|| Search::without(reason));
        if search.other_half.is_empty() {
            search.unknown.extend(second);
        } else {
            search.other_half.extend(second);
        }
        outcome.rest.extend(self.part(first).map(|first| Self {
            search: Some(Box::new(search)),
            ..first
        }));
        outcome
    }

    /// Nobody is at fault: the next part is as large as what was accepted.
    fn go_on(&self, reason: &Refusal, mut next: Vec<Datum>, outcome: &mut Outcome) {
        let len = self.batch.data().len().min(next.len());
        let mut search = Search::without(reason);
        search.unknown = next.split_off(len);
        outcome.rest.extend(self.part(next).map(|next| Self {
            search: Some(Box::new(search)),
            ..next
        }));
    }

    /// What the destination would refuse for its time, if there is any such, apart from the rest; what the clock is
    /// to blame for is set right.
    pub(crate) fn misdated(&self, now: SystemTime) -> Option<Outcome> {
        let newest = self.aside().map(|datum| datum.timestamp);
        let newest = newest.fold(self.batch.newest(), SystemTime::max);
        // If neither of these is at fault, none between is.
        let mut ends = [self.oldest(), newest].into_iter();
        ends.find_map(|timestamp| limits::check_timestamp(timestamp, now).err())?;
        let fault = |datum: &Datum| limits::check_timestamp(datum.timestamp, now).err();
        let mut outcome = Outcome::default();
        let mut rest = Vec::new();
        for datum in self.data() {
            match fault(datum) {
                None => rest.push(datum.clone()),
                // The clock was set back since. It was before now in any case.
                Some(TimestampFault::TooFarAhead) if datum.is_by_clock => rest.push(Datum {
                    timestamp: datum.storage_resolution.start_of(now),
                    ..datum.clone()
                }),
                Some(_) if self.is_repeated => {
                    outcome.settle(self.number, std::slice::from_ref(datum), Ending::Ambiguous);
                }
                Some(fault) => {
                    let reason = Refusal::Timestamp(fault);
                    outcome.refuse(self.number, std::slice::from_ref(datum), &reason);
                }
            }
        }
        outcome.rest.extend(self.part(rest));
        Some(outcome)
    }

    /// One of the suspects is at fault: tries the first half of them, unless there is no doubt left.
    fn narrow(
        &self,
        reason: Refusal,
        mut suspects: Vec<Datum>,
        unknown: Vec<Datum>,
        outcome: &mut Outcome,
    ) {
        if suspects.len() == 1 {
            outcome.refuse(self.number, &suspects, &reason);
            outcome.rest.extend(self.part(unknown));
            return;
        }
        let other_half = suspects.split_off(suspects.len() / 2);
        let half = self.part(suspects);
        outcome.rest.extend(half.map(|half| Self {
            search: Some(Box::new(Search {
                reason,
                other_half,
                unknown,
            })),
            ..half
        }));
    }

    /// A parcel of its own for some of the data.
    fn part(&self, data: Vec<Datum>) -> Option<Self> {
        let batch = self.batch.part(data)?;
        Some(Self {
            batch: Arc::new(batch),
            number: self.number,
            search: None,
            failures: 0,
            not_before: None,
            is_repeated: self.is_repeated,
            entry: Entry::None,
        })
    }
}

impl Outcome {
    fn settle(&mut self, number: u64, data: &[Datum], ending: Ending) {
        self.settled.push(Settled {
            number,
            data: data.len(),
            amount: Amount::of(data),
            ending,
        });
    }

    /// What was refused in an answer that took the rest: so many data.
    fn refuse_in_answer(&mut self, number: u64, of: (usize, Amount), refused: Vec<Refused>) {
        let (data, amount) = of;
        if let Some(first) = refused.first() {
            tracing::error!(
                data,
                "refused by the destination, which took the rest: {first}"
            );
        }
        self.settled.push(Settled {
            number,
            data,
            amount,
            ending: Ending::Refused(refused),
        });
    }

    fn refuse(&mut self, number: u64, data: &[Datum], reason: &Refusal) {
        let own = |datum: &&Datum| datum.origin != Origin::Exporter;
        let refused = data.iter().filter(own).map(|datum| datum.refused(reason));
        let refused: Vec<Refused> = refused.collect();
        if let Some(first) = refused.first() {
            tracing::error!(data = refused.len(), "refused by the destination: {first}");
        }
        self.settle(number, data, Ending::Refused(refused));
    }
}
