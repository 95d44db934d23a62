//! Flushes under way: each waits until all that it covers is settled, or its time is up.

use super::queue::Queued;
use super::stats::{Amount, Ending};
use crate::refusal::Refused;
use std::time::Duration;
use tokio::time::Instant;

/// What became of everything that was recorded before a flush and not settled by then. What was
/// settled earlier, as a window ended, is in [`Stats`](super::Stats).
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

    pub(super) fn add(&mut self, queued: &Queued, ending: Ending<'_>) {
        match ending {
            Ending::Sent => self.sent.add(&queued.batch),
            Ending::Dropped => self.dropped.add(&queued.batch),
            Ending::Refused(refused) => self.refused.extend_from_slice(refused),
        }
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
    /// None, if that is later than time goes.
    deadline: Option<Instant>,
    report: FlushReport,
    reply: Reply,
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
            deadline: Instant::now().checked_add(self.timeout),
            report,
            reply,
        });
    }

    pub(super) fn settle(&mut self, queued: &Queued, ending: Ending<'_>) {
        for flush in &mut self.waiting {
            if queued.number < flush.end {
                flush.unsettled -= 1;
                flush.report.add(queued, ending);
            }
        }
        for done in self.waiting.extract_if(.., |flush| flush.unsettled == 0) {
            (done.reply)(done.report);
        }
    }

    /// Adds what happened to part of a batch that waits still.
    pub(super) fn tell(&mut self, queued: &Queued, ending: Ending<'_>) {
        for flush in &mut self.waiting {
            if queued.number < flush.end {
                flush.report.add(queued, ending);
            }
        }
    }

    /// Waits until the first of them has no time left.
    pub(super) fn out_of_time(&self) -> impl Future<Output = ()> + Send + use<> {
        let deadline = self.waiting.iter().filter_map(|flush| flush.deadline).min();
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
        let is_late = |flush: &mut Flush| flush.deadline.is_some_and(|deadline| deadline <= now);
        for mut late in self.waiting.extract_if(.., is_late) {
            for queued in pending().filter(|queued| queued.number < late.end) {
                late.report.pending.add(&queued.batch);
            }
            (late.reply)(late.report);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
