//! A batch that is not settled, with what waits for its fate.

use crate::delivery::durability::Durability;
use crate::delivery::isolate::Search;
use crate::delivery::ledger::{Outcome, Settled};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::metric_kind::MetricKind;
use crate::model::refusal::Refused;
use crate::model::returned::Returned;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

#[derive(Clone, Debug)]
pub(crate) struct QueuedBatch {
    /// In the order of arrival. What is left of a batch keeps its number; its record in the journal has the same.
    pub(crate) number: u64,
    /// Of batches that may be sent beside each other where the rest goes in order: the number of the first of them.
    pub(crate) group: u64,
    /// What the next attempt sends.
    pub(crate) batch: Arc<Batch>,
    pub(crate) search: Option<Box<Search>>,
    /// Of all its data.
    amount: Amount,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
    pub(crate) not_before: Option<Instant>,
    /// It may have arrived already: the fate of an attempt is not known.
    pub(crate) is_repeated: bool,
    pub(crate) durability: Durability,
}

/// What an answer did to a batch: some of it is settled, the rest goes on.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) settled: Vec<Settled>,
    pub(crate) rest: Option<QueuedBatch>,
}

impl QueuedBatch {
    pub(crate) fn new(number: u64, batch: Batch) -> Self {
        Self {
            number,
            group: number,
            amount: Amount::of(batch.data()),
            batch: Arc::new(batch),
            search: None,
            failures: 0,
            not_before: None,
            is_repeated: false,
            durability: Durability::Memory,
        }
    }

    /// Some of the data, by themselves.
    pub(crate) fn part(&self, data: Vec<Datum>) -> Option<Self> {
        let batch = self.batch.part(data)?;
        Some(Self {
            group: self.group,
            is_repeated: self.is_repeated,
            ..Self::new(self.number, batch)
        })
    }

    /// The same, with data of which something is known.
    pub(crate) fn with_search(mut self, search: Search) -> Self {
        self.amount.add(Amount::of(search.aside()));
        self.search = Some(Box::new(search));
        self
    }

    /// All data of it, those that are not in the next attempt included.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.batch.data().iter().chain(self.aside())
    }

    /// What is not in the next attempt.
    pub(crate) fn aside(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.search.iter().flat_map(|search| search.aside())
    }

    /// The earliest of its data's time stamps.
    pub(crate) fn oldest(&self) -> SystemTime {
        let aside = self.aside().map(|datum| datum.timestamp);
        aside.fold(self.batch.oldest(), SystemTime::min)
    }

    /// Some of its data have so many samples more.
    pub(crate) fn add_samples(&mut self, samples: u64) {
        self.amount.add(Amount { data: 0, samples });
    }

    pub(crate) fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether it is in the group whose turn it is, if there are turns.
    pub(crate) fn is_in(&self, group_in_turn: Option<u64>) -> bool {
        group_in_turn.is_none_or(|group| group == self.group)
    }

    /// What has perhaps arrived of a batch that is not on disk. (One that is there is tried again by the next process.)
    pub(crate) fn uncertain(&self, is_in_flight: bool) -> Option<Settled> {
        match self.durability {
            Durability::Durable | Durability::Outdated => None,
            _ if self.is_repeated => Some(self.settled(Outcome::Ambiguous)),
            _ if is_in_flight => Some(self.settled_in_part(self.batch.data(), Outcome::Ambiguous)),
            _ => None,
        }
    }

    pub(crate) fn memory_len(&self) -> usize {
        self.batch.memory_len() + self.aside().map(Datum::memory_len).sum::<usize>()
    }

    /// Bytes that it keeps of evicted series, as if nobody else did.
    pub(crate) fn evicted_len(&self) -> usize {
        self.data().map(|datum| datum.identity.evicted_len()).sum()
    }

    /// When it may be sent, past times included.
    pub(crate) fn ready_at(&self, now: Instant) -> Instant {
        let waits = [self.not_before, self.durability.waits_until()];
        waits.into_iter().flatten().max().unwrap_or(now)
    }

    /// All of it has one outcome.
    pub(crate) fn settled(&self, outcome: Outcome) -> Settled {
        self.settle(self.data(), self.amount, outcome)
    }

    /// Some of it has.
    pub(crate) fn settled_in_part(&self, data: &[Datum], outcome: Outcome) -> Settled {
        self.settle(data.iter(), Amount::of(data), outcome)
    }

    fn settle<'a>(
        &self,
        data: impl Iterator<Item = &'a Datum> + Clone,
        mut amount: Amount,
        mut outcome: Outcome,
    ) -> Settled {
        let mut returned = Vec::new();
        if self.batch.is_harmless() && !outcome.has_left() {
            returned.extend(data.clone().filter_map(Returned::of));
            let samples = returned.iter().map(|one: &Returned| one.samples).sum();
            amount.subtract(Amount { data: 0, samples });
            if let Outcome::Refused(refused) = &mut outcome {
                let is_total = |one: &&mut Refused| one.kind != Some(MetricKind::Gauge);
                refused
                    .iter_mut()
                    .filter(is_total)
                    .for_each(|one| one.samples = 0);
            }
        }
        Settled {
            data: data.count(),
            amount,
            // Nothing is counted twice by what may arrive twice.
            is_repeated: self.is_repeated && !self.batch.is_harmless(),
            outcome,
            returned,
        }
    }

    /// There is no room for it any more.
    pub(crate) fn dropped(&self) -> Settled {
        self.settled(if self.is_repeated {
            Outcome::Ambiguous
        } else {
            Outcome::Dropped
        })
    }
}
