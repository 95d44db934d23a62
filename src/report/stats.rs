//! The account since the start, as the ledger has it.

use crate::delivery::ledger::{Account, Attempts, Ledger, Levels};
use crate::model::amount::Amount;
use crate::report::health::Health;
use crate::report::one_line;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// What became of everything that was recorded since the exporter started.
///
/// `entered` is `delivered`, `handed_over`, `refused`, `ambiguous`, `dropped` and `pending` added up, in data and in
/// samples, at any moment. `journaled` and `in_doubt` are parts of `pending`, `repeated` is one of `delivered` and
/// `handed_over`, and `restored` is one of `entered`. A [`FlushReport`](crate::FlushReport) is a part of the same account,
/// as it was when the report was made.
///
/// When the exporter has ended, in whatever way, nothing waits in memory: `pending` is what the journal has for the next
/// process, all of it `journaled`, and zero without a journal. Only a disk that has not answered for 5 s at the end leaves
/// more pending than journaled: what it was writing, which may be there or not.
///
/// `Display` writes one line, in samples: `sent 13, pending 0`, then what else is not zero, failed attempts and lost
/// records included. Sent is what was delivered or handed over. What is wrong is said behind it, as in `sent 13, pending 4,
/// failed attempts 2 (requests are throttled since 2026-11-27T04:38:29Z)`. Several destinations are told one after the other.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// All that snapshots took and no window keeps, or was [put](crate::CloudWatchHandle::put), or restored.
    pub entered: Amount,
    /// Delivered.
    pub delivered: Amount,
    /// Given to a destination that [does not say](crate::Confirms::Nothing) what becomes of them.
    pub handed_over: Amount,
    /// Of those that were delivered or handed over, what may have been counted more than once, as the fate of an
    /// earlier attempt is not known.
    pub repeated: Amount,
    /// Refused, for whatever reason. What never got into a datum counts in samples alone.
    pub refused: Amount,
    /// Samples that were refused, by the [name](crate::Refusal::name) of the reason.
    pub refused_by: BTreeMap<&'static str, u64>,
    /// Given up, as nobody knows whether they arrived: by [`Guarantee::AtMostOnce`](crate::Guarantee), after ten attempts
    /// without an answer while others were answered, for want of room after such an attempt, or under way when the exporter ended, in whatever way, unless
    /// the journal keeps them. After a panic of the exporter's task, all that was queued and is in no journal.
    pub ambiguous: Amount,
    /// Given up because the queue was full, or because the exporter ended and no journal has them: the time of a
    /// [shutdown](crate::CloudWatchHandle::shutdown) was up, or there was none, as with a runtime that ends, an abort, a panic, or
    /// an exporter that never ran. They did not arrive.
    pub dropped: Amount,
    /// Waiting to be delivered, in memory or in the journal; once the exporter has ended, in the journal alone.
    pub pending: Amount,
    /// Of those that are pending, what is in the [journal](crate::CloudWatchBuilder::with_journal) alone: while the exporter
    /// runs, as there was no room in the queue, and it comes back when there is; once it has ended, for the next process.
    /// What an earlier process left counts from when it is read: until then it is in `journal_bytes` alone.
    pub journaled: Amount,
    /// Of those that are pending, what waits until it is known which of the data the destination refuses, as it did not
    /// say. They have a quarter of [the queue's bytes](crate::CloudWatchBuilder::with_queue_bytes).
    pub in_doubt: Amount,
    /// Of all that entered, what an earlier process had left in the journal: each sample once, as it is first read.
    pub restored: Amount,
    /// Records of the journal, each a request, whose data were nowhere else, and that were dropped for its bound or
    /// damaged, at the start or later. Data of this process among them are in `dropped`, or in `ambiguous`.
    pub lost_records: u64,
    /// Records of the journal that a later version of this crate wrote. They stay where they are, for that version,
    /// and the journal's bound is without them.
    pub later_records: u64,
    /// What the journal's folder had under a record's name at the start, and is not the journal's: links, FIFOs, folders,
    /// other users' files. It is left alone, and named in the log.
    pub refused_files: u64,
    /// Whether another process or exporter has the journal, and this one [goes on without](crate::HeldJournal::GoWithout);
    /// of several destinations, whether one does.
    pub is_journal_held: bool,
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
    /// Bytes on disk of all that is in the journal, records that are in memory as well included, each in whole blocks of
    /// 4 KiB; of `later_records` nothing. They are as of the last thing that the disk did, and from before the exporter
    /// runs until after it has ended.
    pub journal_bytes: u64,
    /// Bytes of memory of what is being written to the journal, beside `queue_bytes`: a request more than 16 MiB at
    /// most.
    pub journal_writing_bytes: u64,
    /// The time stamp of the oldest datum that is pending.
    pub oldest_pending: Option<SystemTime>,
    /// When a request was answered well for the last time.
    pub last_success: Option<SystemTime>,
    /// Whether all is well with the destination; of several, what the worst has. Whether the exporter runs at all is in
    /// [`CloudWatchHandle::health`](crate::CloudWatchHandle::health) alone.
    pub health: Health,
    /// Each destination's own account, by its name, if the exporter has several. All else is theirs added up, of
    /// `last_success` the earliest, and none if one has had none: a sample counts once for each destination that it goes to.
    pub destinations: BTreeMap<Arc<str>, Self>,
}

impl Stats {
    /// Of all destinations.
    pub(crate) fn of_all(mut parts: Vec<(Arc<str>, Self)>) -> Self {
        if parts.len() == 1
            && let Some((_, only)) = parts.pop()
        {
            return only;
        }
        let mut all = Self::default();
        for (_, part) in &parts {
            all.add(part);
        }
        let successes = parts.iter().map(|(_, part)| part.last_success);
        all.last_success = successes.min().flatten();
        all.destinations = parts.into_iter().collect();
        all
    }

    fn add(&mut self, part: &Self) {
        self.entered.add(part.entered);
        self.delivered.add(part.delivered);
        self.handed_over.add(part.handed_over);
        self.repeated.add(part.repeated);
        self.refused.add(part.refused);
        for (reason, samples) in &part.refused_by {
            *self.refused_by.entry(reason).or_default() += samples;
        }
        self.ambiguous.add(part.ambiguous);
        self.dropped.add(part.dropped);
        self.pending.add(part.pending);
        self.journaled.add(part.journaled);
        self.in_doubt.add(part.in_doubt);
        self.restored.add(part.restored);
        self.lost_records += part.lost_records;
        self.later_records += part.later_records;
        self.refused_files += part.refused_files;
        self.is_journal_held |= part.is_journal_held;
        self.requests += part.requests;
        self.failed_attempts += part.failed_attempts;
        self.throttled_attempts += part.throttled_attempts;
        self.ambiguous_attempts += part.ambiguous_attempts;
        self.refused_requests += part.refused_requests;
        self.queue_bytes += part.queue_bytes;
        self.journal_bytes += part.journal_bytes;
        self.journal_writing_bytes += part.journal_writing_bytes;
        let oldest = [self.oldest_pending, part.oldest_pending];
        self.oldest_pending = oldest.into_iter().flatten().min();
        self.health = self.health.worse(part.health);
    }

    pub(crate) fn of(ledger: &Ledger) -> Self {
        let health = Health::of(ledger.trouble());
        let books = ledger.books();
        let Account {
            entered,
            delivered,
            handed_over,
            repeated,
            refused,
            ambiguous,
            dropped,
            pending,
        } = books.account;
        let attempts: Attempts = books.attempts;
        let levels: Levels = books.levels;
        Self {
            entered,
            delivered,
            handed_over,
            repeated,
            refused,
            refused_by: books.refusals.by_reason().clone(),
            ambiguous,
            dropped,
            pending,
            journaled: levels.journaled,
            in_doubt: levels.in_doubt,
            restored: books.restored,
            lost_records: books.lost_records,
            later_records: books.later_records,
            refused_files: books.refused_files,
            is_journal_held: books.is_journal_held,
            requests: attempts.answered,
            failed_attempts: attempts.failed,
            throttled_attempts: attempts.throttled,
            ambiguous_attempts: attempts.ambiguous,
            refused_requests: attempts.refused,
            queue_bytes: levels.queue_bytes as u64,
            journal_bytes: levels.journal_bytes,
            journal_writing_bytes: levels.journal_writing_bytes as u64,
            oldest_pending: levels.oldest,
            last_success: attempts.last_success,
            health,
            destinations: BTreeMap::new(),
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.destinations.is_empty() {
            return one_line::write_each(f, &self.destinations);
        }
        let sent = one_line::sum(self.delivered, self.handed_over);
        let rest = [
            ("handed over", self.handed_over),
            ("repeated", self.repeated),
            ("refused", self.refused),
            ("ambiguous", self.ambiguous),
            ("dropped", self.dropped),
            ("journaled", self.journaled),
            ("in doubt", self.in_doubt),
            ("restored", self.restored),
        ];
        one_line::write_amounts(f, sent, self.pending, &rest)?;
        let counts = [
            ("failed attempts", self.failed_attempts),
            ("refused requests", self.refused_requests),
            ("lost records", self.lost_records),
            ("later records", self.later_records),
            ("refused files", self.refused_files),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        for (name, count) in counts {
            write!(f, ", {name} {count}")?;
        }
        if self.is_journal_held {
            write!(f, ", without the journal, which another process has")?;
        }
        self.health.write_behind(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_are_one_line_without_zeros() {
        let mut stats = Stats::default();
        assert_eq!(stats.to_string(), "sent 0, pending 0");
        stats.delivered.samples = 9;
        stats.handed_over.samples = 4;
        stats.restored.samples = 5;
        // Neither is an account of samples.
        (stats.requests, stats.queue_bytes) = (7, 1_000);
        (stats.failed_attempts, stats.refused_requests) = (2, 3);
        (stats.lost_records, stats.later_records) = (1, 8);
        assert_eq!(
            stats.to_string(),
            "sent 13, pending 0, handed over 4, restored 5, failed attempts 2, refused requests 3, lost records 1, \
             later records 8"
        );
        let held = Stats {
            is_journal_held: true,
            ..Stats::default()
        };
        let expected = "sent 0, pending 0, without the journal, which another process has";
        assert_eq!(held.to_string(), expected);
    }
}
