//! A batch that is not settled, with what waits for its fate.

use crate::delivery::durability::Durability;
use crate::delivery::ledger::{Outcome, Settled};
use crate::delivery::unknown_fates::UnknownFates;
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::identity::PER_ALLOCATION;
use crate::model::metric_kind::MetricKind;
use crate::model::refusal::Refused;
use crate::model::returned::Returned;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// What a batch takes beside its data: itself, its places in the queue, and the allocations of them, as measured by
/// `benches/outage.rs`.
const PER_BATCH: usize = 2 * size_of::<QueuedBatch>() + 8 * PER_ALLOCATION;

#[derive(Clone, Debug)]
pub(crate) struct QueuedBatch {
    /// In the order of arrival. What is left of a batch keeps its number; its record in the journal has the same.
    pub(crate) number: u64,
    /// Of batches that may be sent beside each other where the rest goes in order: the number of the first of them.
    pub(crate) group: u64,
    /// What the next attempt sends.
    pub(crate) batch: Arc<Batch>,
    /// What it does not.
    aside: Vec<Datum>,
    /// All of it waits until a search has found the bad data.
    pub(crate) is_held: bool,
    /// Of all its data.
    amount: Amount,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
    /// Those among them whose fate is not known.
    pub(crate) unknown_fates: UnknownFates,
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
            aside: Vec::new(),
            is_held: false,
            failures: 0,
            unknown_fates: UnknownFates::default(),
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
            unknown_fates: self.unknown_fates.of_rest(),
            ..Self::new(self.number, batch)
        })
    }

    /// The next attempt is to send these of its data alone; none is if that is all.
    pub(crate) fn select(&mut self, mut is_in: impl FnMut(&Datum) -> bool) {
        self.unite();
        let all = self.batch.data();
        let places: Vec<bool> = all.iter().map(&mut is_in).collect();
        if places.iter().all(|is_in| *is_in == places[0]) {
            return;
        }
        let of = |wanted: bool| {
            let all = all.iter().zip(&places);
            let of = all.filter(move |(_, is_in)| **is_in == wanted);
            of.map(|(datum, _)| datum.clone()).collect::<Vec<_>>()
        };
        let (selected, aside) = (of(true), of(false));
        if let Some(batch) = self.batch.part(selected) {
            self.batch = Arc::new(batch);
            self.aside = aside;
        }
    }

    /// The next attempt is to send so many of what it would send.
    pub(crate) fn select_first(&mut self, most: usize) {
        let mut data = self.batch.data().to_vec();
        let mut aside = data.split_off(most);
        if let Some(batch) = self.batch.part(data) {
            self.batch = Arc::new(batch);
            self.aside.append(&mut aside);
        }
    }

    /// What the last attempt sent comes last.
    pub(crate) fn put_behind(&mut self) {
        if let Some(rest) = self.batch.part(std::mem::take(&mut self.aside)) {
            let sent = std::mem::replace(&mut self.batch, Arc::new(rest));
            self.aside = sent.data().to_vec();
        }
        self.unite();
    }

    /// The next attempt is to send all of it.
    pub(crate) fn unite(&mut self) {
        if self.aside.is_empty() {
            return;
        }
        let mut data = self.batch.data().to_vec();
        data.append(&mut self.aside);
        if let Some(batch) = self.batch.part(data) {
            self.batch = Arc::new(batch);
        }
    }

    /// What is left once the attempt's data are settled.
    pub(crate) fn rest(&self) -> Option<Self> {
        self.part(self.aside.clone())
    }

    /// All data of it, those that are not in the next attempt included.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.batch.data().iter().chain(self.aside())
    }

    /// How many those are.
    pub(crate) fn data_len(&self) -> usize {
        self.batch.data().len() + self.aside.len()
    }

    /// What is not in the next attempt.
    pub(crate) fn aside(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.aside.iter()
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

    pub(crate) fn memory_len(&self) -> usize {
        let aside = self.aside().map(Datum::memory_len).sum::<usize>();
        PER_BATCH + self.batch.memory_len() + aside
    }

    /// Bytes that it keeps of evicted series, as if nobody else did.
    pub(crate) fn evicted_len(&self) -> usize {
        self.data().map(|datum| datum.identity.evicted_len()).sum()
    }

    /// When it may be sent, past times included; none if it need not wait.
    pub(crate) fn ready_at(&self) -> Option<Instant> {
        self.not_before.max(self.durability.waits_until())
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
