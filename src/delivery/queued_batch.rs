//! A batch that is not settled, with what waits for its fate.

use crate::delivery::durability::Durability;
use crate::delivery::isolate::Search;
use crate::delivery::ledger::{Outcome, Settled};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

#[derive(Clone, Debug)]
pub(crate) struct QueuedBatch {
    /// In the order of arrival. What is left of a batch keeps its number; its record in the journal has the same.
    pub(crate) number: u64,
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
    pub(crate) fn data(&self) -> impl Iterator<Item = &Datum> {
        self.batch.data().iter().chain(self.aside())
    }

    /// What is not in the next attempt.
    pub(crate) fn aside(&self) -> impl Iterator<Item = &Datum> {
        self.search.iter().flat_map(|search| search.aside())
    }

    /// The earliest of its data's time stamps.
    pub(crate) fn oldest(&self) -> SystemTime {
        let aside = self.aside().map(|datum| datum.timestamp);
        aside.fold(self.batch.oldest(), SystemTime::min)
    }

    pub(crate) fn amount(&self) -> Amount {
        self.amount
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
        Settled {
            data: self.data().count(),
            amount: self.amount,
            is_repeated: self.is_repeated,
            outcome,
        }
    }

    /// Some of it has.
    pub(crate) fn settled_in_part(&self, data: &[Datum], outcome: Outcome) -> Settled {
        Settled {
            data: data.len(),
            amount: Amount::of(data),
            is_repeated: self.is_repeated,
            outcome,
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
