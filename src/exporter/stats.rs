//! The accounts since the start.

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
        self.samples = self.samples.saturating_add(batch.samples());
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.data += other.data;
        self.samples = self.samples.saturating_add(other.samples);
    }

    fn subtract(&mut self, batch: &Batch) {
        self.requests -= 1;
        self.data -= batch.data().len() as u64;
        self.samples = self.samples.saturating_sub(batch.samples());
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
    /// The same by series and reason; the first 10,000 of them. What the service rejected is here
    /// by its error code, without the message.
    pub refused: Vec<Refused>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    /// All but the list of refusals.
    stats: Stats,
    refused: HashMap<(Option<MetricKind>, Key, Refusal), u64>,
    is_full: bool,
}

/// How a batch that was queued ended.
#[derive(Clone, Copy)]
pub(super) enum Ending<'a> {
    Sent,
    Dropped,
    Refused(&'a [Refused]),
}

impl Ledger {
    pub(super) fn stats(&self) -> Stats {
        let accounts = self.accounts.lock();
        let refused = accounts.refused.iter();
        Stats {
            refused: refused
                .map(|((kind, key, reason), &samples)| Refused {
                    kind: *kind,
                    key: key.clone(),
                    reason: reason.clone(),
                    samples,
                })
                .collect(),
            ..accounts.stats.clone()
        }
    }

    pub(super) fn queued(&self, batch: &Batch) {
        self.accounts.lock().stats.pending.add(batch);
    }

    pub(super) fn failed_attempt(&self) {
        self.accounts.lock().stats.failed_attempts += 1;
    }

    pub(super) fn settled(&self, batch: &Batch, ending: Ending<'_>) {
        let mut accounts = self.accounts.lock();
        accounts.stats.pending.subtract(batch);
        match ending {
            Ending::Sent => accounts.stats.sent.add(batch),
            Ending::Dropped => accounts.stats.dropped.add(batch),
            // One line was logged for the request.
            Ending::Refused(refused) => {
                accounts.refuse(refused);
            }
        }
    }

    /// Counts what was refused before it got into a batch; logs each series and reason once.
    pub(super) fn refused(&self, refused: &[Refused]) {
        // Logged without the lock: whoever reads the log may ask for the accounts.
        let (news, is_now_full) = self.accounts.lock().refuse(refused);
        for one in news {
            tracing::warn!("{one}");
        }
        if is_now_full {
            tracing::warn!("more than {MAX_LISTED} refusals; from now on they are only counted");
        }
    }
}

impl Accounts {
    /// Gives those of a series and a reason that are new, and whether the list is full only now.
    fn refuse<'a>(&mut self, refused: &'a [Refused]) -> (Vec<&'a Refused>, bool) {
        let (mut news, was_full) = (Vec::new(), self.is_full);
        for one in refused {
            let total = &mut self.stats.samples_refused;
            *total = total.saturating_add(one.samples);
            let series = (one.kind, one.key.clone(), by_code(&one.reason));
            if let Some(samples) = self.refused.get_mut(&series) {
                *samples = samples.saturating_add(one.samples);
            } else if self.refused.len() < MAX_LISTED {
                self.refused.insert(series, one.samples);
                news.push(one);
            } else {
                self.is_full = true;
            }
        }
        (news, self.is_full && !was_full)
    }
}

/// A service's messages name places, and would be without end.
fn by_code(reason: &Refusal) -> Refusal {
    match reason {
        Refusal::Rejected { code, .. } => Refusal::Rejected {
            code: code.clone(),
            message: String::new(),
        },
        other => other.clone(),
    }
}
