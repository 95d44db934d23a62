//! The accounts since the start, and what one flush did.

use super::queue::Queued;
use crate::encode::pack::Batch;
use crate::refusal::{Refusal, Refused};
use metrics::Key;
use metrics_util::MetricKind;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Series and reasons listed one by one; what is refused beyond them is in the sum alone.
const MAX_LISTED: usize = 10_000;

/// How much of something: in requests, in data, and in what was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Amount {
    /// Requests.
    pub requests: u64,
    /// Data in them.
    pub data: u64,
    /// Samples in those: a counter's increments added up, one for a gauge's window, a histogram's
    /// samples.
    pub samples: u64,
}

impl Amount {
    pub(super) fn add(&mut self, batch: &Batch) {
        self.requests += 1;
        self.data += batch.data().len() as u64;
        self.samples += batch
            .data()
            .iter()
            .map(|datum| datum.origin.samples)
            .fold(0, u64::saturating_add);
    }

    pub(super) fn of<'a>(queued: impl Iterator<Item = &'a Queued>) -> Self {
        let mut amount = Self::default();
        queued.for_each(|queued| amount.add(&queued.batch));
        amount
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.requests == 0
    }
}

/// What became of everything that was recorded since the exporter started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Delivered.
    pub sent: Amount,
    /// Drained, and waiting to be delivered.
    pub pending: Amount,
    /// Given up because the queue was full.
    pub dropped: Amount,
    /// Attempts that failed and were, or will be, repeated.
    pub failed_attempts: u64,
    /// Samples that were refused in all, for whatever reason.
    pub samples_refused: u64,
    /// The same by series and reason; the first 10,000 of them.
    pub refused: Vec<Refused>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    sent: Amount,
    pending: Amount,
    dropped: Amount,
    failed_attempts: u64,
    samples_refused: u64,
    refused: HashMap<(MetricKind, Key, Refusal), u64>,
}

impl Ledger {
    pub(super) fn stats(&self) -> Stats {
        let accounts = self.accounts.lock();
        Stats {
            sent: accounts.sent,
            pending: accounts.pending,
            dropped: accounts.dropped,
            failed_attempts: accounts.failed_attempts,
            samples_refused: accounts.samples_refused,
            refused: accounts
                .refused
                .iter()
                .map(|((kind, key, reason), &samples)| Refused {
                    kind: *kind,
                    key: key.clone(),
                    reason: reason.clone(),
                    samples,
                })
                .collect(),
        }
    }

    pub(super) fn sent(&self, batch: &Batch) {
        self.accounts.lock().sent.add(batch);
    }

    pub(super) fn dropped(&self, batch: &Batch) {
        self.accounts.lock().dropped.add(batch);
    }

    pub(super) fn failed_attempt(&self) {
        self.accounts.lock().failed_attempts += 1;
    }

    pub(super) fn pending(&self, pending: Amount) {
        self.accounts.lock().pending = pending;
    }

    /// Counts refusals; gives those of a series and a reason that were not known before.
    pub(super) fn refused<'a>(&self, refused: &'a [Refused]) -> Vec<&'a Refused> {
        let mut accounts = self.accounts.lock();
        let mut news = Vec::new();
        for one in refused {
            accounts.samples_refused = accounts.samples_refused.saturating_add(one.samples);
            let series = (one.kind, one.key.clone(), one.reason.clone());
            if let Some(samples) = accounts.refused.get_mut(&series) {
                *samples = samples.saturating_add(one.samples);
            } else if accounts.refused.len() < MAX_LISTED {
                accounts.refused.insert(series, one.samples);
                news.push(one);
            }
        }
        news
    }
}
