//! Flushes under way: each waits until all that it covers is settled, or its time is up.

use super::queue::Queued;
use super::stats::Amount;
use crate::encode::pack::Batch;
use crate::refusal::Refused;
use std::time::Duration;
use tokio::time::Instant;

/// What became of everything that was recorded before a flush and not settled by then.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "data may be refused, dropped, or pending still"]
pub struct FlushReport {
    /// Delivered.
    pub sent: Amount,
    /// Given up because the queue was full.
    pub dropped: Amount,
    /// Not delivered when the flush's time was up. The exporter goes on trying, unless it was shut
    /// down.
    pub pending: Amount,
    /// Refused, by series and reason.
    pub refused: Vec<Refused>,
}

impl FlushReport {
    /// Whether all was delivered.
    pub fn is_complete(&self) -> bool {
        self.dropped.is_zero() && self.pending.is_zero() && self.refused.is_empty()
    }
}

/// Takes a report to whoever asked for it.
pub(super) type Reply = Box<dyn FnOnce(FlushReport) + Send>;

pub(super) struct Flushes {
    timeout: Duration,
    waiting: Vec<Flush>,
}

struct Flush {
    /// The first batch that it does not cover.
    end: u64,
    unsettled: usize,
    deadline: Instant,
    report: FlushReport,
    reply: Reply,
}

/// How a batch ended.
pub(super) enum Outcome<'a> {
    Sent,
    Dropped,
    Refused(&'a [Refused]),
}

impl Flushes {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            waiting: Vec::new(),
        }
    }

    /// Waits for all batches before `end`, of which so many are `unsettled`.
    pub(super) fn add(&mut self, end: u64, unsettled: usize, report: FlushReport, reply: Reply) {
        if unsettled == 0 {
            reply(report);
            return;
        }
        self.waiting.push(Flush {
            end,
            unsettled,
            deadline: Instant::now() + self.timeout,
            report,
            reply,
        });
    }

    pub(super) fn settle(&mut self, queued: &Queued, outcome: &Outcome<'_>) {
        for flush in &mut self.waiting {
            if queued.number < flush.end {
                flush.unsettled -= 1;
                flush.report.add(&queued.batch, outcome);
            }
        }
        for done in self.waiting.extract_if(.., |flush| flush.unsettled == 0) {
            (done.reply)(done.report);
        }
    }

    /// Waits until the first of them has no time left.
    pub(super) fn out_of_time(&self) -> impl Future<Output = ()> + Send + use<> {
        let deadline = self.waiting.iter().map(|flush| flush.deadline).min();
        async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Answers those that have no time left, with what is `pending` still.
    pub(super) fn expire<'a, P: Iterator<Item = &'a Queued>>(&mut self, pending: impl Fn() -> P) {
        let now = Instant::now();
        for mut late in self.waiting.extract_if(.., |flush| flush.deadline <= now) {
            late.report.pending = Amount::of(pending().filter(|queued| queued.number < late.end));
            (late.reply)(late.report);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl FlushReport {
    fn add(&mut self, batch: &Batch, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Sent => self.sent.add(batch),
            Outcome::Dropped => self.dropped.add(batch),
            Outcome::Refused(refused) => self.refused.extend_from_slice(refused),
        }
    }
}
