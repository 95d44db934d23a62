//! The accounts since the start.

use crate::delivery::event::{Attempted, Ending, Event, Loaded, Settled, SpoolUsage};
use crate::model::amount::Amount;
use crate::model::refusal::{MAX_LISTED, Refusal, Refused};
use metrics::Key;
use metrics_util::MetricKind;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

/// What became of everything that was recorded since the exporter started: each datum is in `sent`, `handed_over`, `ambiguous`,
/// `dropped`, `pending`, `spooled`, or refused.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Delivered.
    pub sent: Amount,
    /// Given to a destination that [does not say](crate::Confirms::Nothing) what becomes of them.
    pub handed_over: Amount,
    /// Of those that were delivered or handed over, what may have been counted more than once, as the fate of an earlier attempt is not known.
    pub repeated: Amount,
    /// Given up, as nobody knows whether they arrived: by [`Delivery::AtMostOnce`](crate::Delivery), for want of
    /// room after such an attempt, or under way when the exporter ended.
    pub ambiguous: Amount,
    /// Given up because the queue was full. They did not arrive.
    pub dropped: Amount,
    /// Drained, and waiting to be delivered.
    pub pending: Amount,
    /// In the [spool](crate::CloudWatchBuilder::with_spool) alone, as there was no room in the queue. They come
    /// back when there is.
    pub spooled: Amount,
    /// What an earlier process had left in the spool and is, or was, pending in this one.
    pub restored: Amount,
    /// Entries of the spool, each a request, that were dropped for its bound or damaged, at the start or later.
    /// Data of this process among them are in `dropped`, or in `ambiguous`.
    pub lost_spool_entries: u64,
    /// Entries of the spool that another version of this crate wrote in a way that this one does not know. They
    /// stay where they are, for that version, as long as the spool's bound allows.
    pub foreign_spool_entries: u64,
    /// Requests that were answered well.
    pub requests: u64,
    /// Attempts that failed, for whatever reason but the data.
    pub failed_attempts: u64,
    /// Of those, because requests came too fast.
    pub throttled_attempts: u64,
    /// Of those, attempts whose fate is not known.
    pub ambiguous_attempts: u64,
    /// Requests that were refused for data in them, or for their size.
    pub refused_requests: u64,
    /// Bytes of memory of what is pending.
    pub queue_bytes: u64,
    /// Bytes on disk of all that is in the spool.
    pub spool_bytes: u64,
    /// Bytes of memory of what is being written to the spool, beside `queue_bytes`: a request more than 16 MiB at
    /// most.
    pub spool_writing_bytes: u64,
    /// The time stamp of the oldest datum that is pending.
    pub oldest_pending: Option<SystemTime>,
    /// When a request was answered well for the last time.
    pub last_success: Option<SystemTime>,
    /// Samples that were refused in all, for whatever reason.
    pub samples_refused: u64,
    /// The same by the [name](Refusal::name) of the reason.
    pub samples_refused_by: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    stats: Stats,
    refused: HashMap<(Option<MetricKind>, Key, Refusal), u64>,
    is_full: bool,
}

impl Ledger {
    pub(crate) fn stats(&self) -> Stats {
        self.accounts.lock().stats.clone()
    }

    /// What was refused, by series and reason.
    pub(crate) fn refusals(&self) -> Vec<Refused> {
        let accounts = self.accounts.lock();
        let refused = accounts.refused.iter();
        let refused = refused.map(|((kind, key, reason), &samples)| Refused {
            kind: *kind,
            key: key.clone(),
            reason: reason.clone(),
            samples,
        });
        refused.collect()
    }

    pub(crate) fn queued(&self, amount: Amount) {
        self.accounts.lock().stats.pending.add(amount);
    }

    /// Entries that were damaged already when the spool was opened.
    pub(crate) fn torn(&self, entries: u64) {
        self.accounts.lock().stats.lost_spool_entries += entries;
    }

    pub(crate) fn waiting(&self, bytes: usize, spool: SpoolUsage, oldest: Option<SystemTime>) {
        let mut accounts = self.accounts.lock();
        accounts.stats.queue_bytes = bytes as u64;
        accounts.stats.spool_bytes = spool.bytes;
        accounts.stats.spool_writing_bytes = spool.writing_bytes as u64;
        accounts.stats.foreign_spool_entries = spool.foreign_entries as u64;
        accounts.stats.oldest_pending = oldest;
    }

    /// The exporter ends, and so much of what is pending has perhaps arrived.
    pub(crate) fn ended(&self, uncertain: Amount) {
        let stats = &mut self.accounts.lock().stats;
        stats.pending.subtract(uncertain);
        stats.ambiguous.add(uncertain);
    }

    /// An attempt, and all that is settled by it.
    pub(crate) fn happened(&self, event: &Event, now: SystemTime) {
        let mut accounts = self.accounts.lock();
        let stats = &mut accounts.stats;
        match event.attempted {
            None => {}
            Some(Attempted::Answered) => {
                stats.requests += 1;
                stats.last_success = Some(now);
            }
            Some(Attempted::Refused) => stats.refused_requests += 1,
            Some(Attempted::Failed) => stats.failed_attempts += 1,
            Some(Attempted::Throttled) => {
                stats.failed_attempts += 1;
                stats.throttled_attempts += 1;
            }
            Some(Attempted::Ambiguous) => {
                stats.failed_attempts += 1;
                stats.ambiguous_attempts += 1;
            }
        }
        if let Some(Loaded {
            amount,
            is_restored,
        }) = event.loaded
        {
            stats.pending.add(amount);
            if is_restored {
                stats.restored.add(amount);
            } else {
                stats.spooled.subtract(amount);
            }
        }
        for lost in &event.lost {
            let stats = &mut accounts.stats;
            stats.lost_spool_entries += 1;
            stats.spooled.subtract(lost.amount);
            stats.pending.add(lost.amount);
            accounts.settle(lost);
        }
        for settled in &event.settled {
            accounts.settle(settled);
        }
    }

    /// Counts what was refused before it got into a batch; logs each series and reason once.
    pub(crate) fn refused(&self, refused: &[Refused]) {
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
    fn settle(&mut self, settled: &Settled) {
        let stats = &mut self.stats;
        stats.pending.subtract(settled.amount);
        match &settled.ending {
            Ending::Sent { is_repeated } => {
                stats.sent.add(settled.amount);
                if *is_repeated {
                    stats.repeated.add(settled.amount);
                }
            }
            Ending::HandedOver { is_repeated } => {
                stats.handed_over.add(settled.amount);
                if *is_repeated {
                    stats.repeated.add(settled.amount);
                }
            }
            Ending::Ambiguous => stats.ambiguous.add(settled.amount),
            Ending::Dropped => stats.dropped.add(settled.amount),
            Ending::Spooled => stats.spooled.add(settled.amount),
            // One line was logged for the request.
            Ending::Refused(refused) => {
                self.refuse(refused);
            }
        }
    }

    /// Gives those of a series and a reason that are new, and whether the list is full only now.
    fn refuse<'a>(&mut self, refused: &'a [Refused]) -> (Vec<&'a Refused>, bool) {
        let (mut news, was_full) = (Vec::new(), self.is_full);
        for one in refused {
            let total = &mut self.stats.samples_refused;
            *total = total.saturating_add(one.samples);
            let by_reason = self.stats.samples_refused_by.entry(one.reason.name());
            let total = by_reason.or_default();
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
