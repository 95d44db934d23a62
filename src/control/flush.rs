//! Flushes under way: each waits until all that it covers is settled, or its time is up.

use crate::delivery::alarm::sleep_until;
use crate::delivery::event::{Ending, RESTORED, Settled, Unsettled};
use crate::model::amount::Amount;
use crate::model::refusal::{MAX_LISTED, Refused};
use std::time::Duration;
use tokio::time::Instant;

/// What became of everything that was recorded before a flush and not settled by then. What was
/// settled earlier, as a window ended, is in [`Stats`](crate::Stats).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "data may be refused, dropped, or pending still"]
pub struct FlushReport {
    /// Delivered.
    pub sent: Amount,
    /// Given to a destination that [does not say](crate::Confirms::Nothing) what becomes of them.
    pub handed_over: Amount,
    /// Of those that were delivered or handed over, what may have been counted more than once, as the fate of an earlier attempt is not known.
    pub repeated: Amount,
    /// Given up, as nobody knows whether they arrived: by [`Delivery::AtMostOnce`](crate::Delivery), for want of
    /// room after such an attempt, or under way when the time of a shutdown was up.
    pub ambiguous: Amount,
    /// Given up because the queue was full. They did not arrive.
    pub dropped: Amount,
    /// Not delivered when the flush's time was up, and in the [spool](crate::CloudWatchBuilder::with_spool) alone, as
    /// there was no room in the queue. They come back when there is, in this process or the next.
    pub spooled: Amount,
    /// Not delivered when the flush's time was up, and in memory; with a spool most often there, too. The exporter
    /// goes on trying, unless it was shut down.
    pub pending: Amount,
    /// Refused, by series and reason; the first 10,000 of them.
    pub refused: Vec<Refused>,
    /// Samples that were refused in all.
    pub samples_refused: u64,
}

impl FlushReport {
    /// Whether all was delivered or handed over; something may have been so twice.
    pub fn is_complete(&self) -> bool {
        let undelivered = [self.ambiguous, self.dropped, self.spooled, self.pending];
        undelivered.iter().all(Amount::is_zero) && self.refused.is_empty()
    }

    /// What was settled before anybody waited for it.
    pub(crate) fn merge(&mut self, other: Self) {
        self.ambiguous.add(other.ambiguous);
        self.dropped.add(other.dropped);
        self.samples_refused = self.samples_refused.saturating_add(other.samples_refused);
        let room = MAX_LISTED.saturating_sub(self.refused.len());
        self.refused.extend(other.refused.into_iter().take(room));
    }

    pub(crate) fn refuse(&mut self, refused: &[Refused]) {
        for one in refused {
            self.samples_refused = self.samples_refused.saturating_add(one.samples);
        }
        let room = MAX_LISTED.saturating_sub(self.refused.len());
        self.refused.extend(refused.iter().take(room).cloned());
    }

    pub(crate) fn add(&mut self, settled: &Settled) {
        match &settled.ending {
            Ending::Sent { is_repeated } => {
                self.sent.add(settled.amount);
                if *is_repeated {
                    self.repeated.add(settled.amount);
                }
            }
            Ending::HandedOver { is_repeated } => {
                self.handed_over.add(settled.amount);
                if *is_repeated {
                    self.repeated.add(settled.amount);
                }
            }
            Ending::Ambiguous => self.ambiguous.add(settled.amount),
            Ending::Dropped => self.dropped.add(settled.amount),
            Ending::Spooled => {}
            Ending::Refused(refused) => self.refuse(refused),
        }
    }
}

/// Takes a report to whoever asked for it.
pub(crate) type Reply = Box<dyn FnOnce(FlushReport) + Send>;

pub(crate) struct Flushes {
    timeout: Duration,
    waiting: Vec<Flush>,
    /// Shutdowns for which all is settled: they are answered when nothing is left to do.
    closing: Vec<Flush>,
}

struct Flush {
    /// The first batch that it does not cover.
    end: u64,
    /// Data of batches that it covers.
    unsettled: usize,
    /// None, if that is later than time goes.
    deadline: Option<Instant>,
    report: FlushReport,
    reply: Reply,
    /// Nothing comes after it.
    is_last: bool,
}

impl Flush {
    fn covers(&self, number: u64) -> bool {
        number != RESTORED && number < self.end
    }

    fn answer(self) {
        (self.reply)(self.report);
    }
}

impl Flushes {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            waiting: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Waits for all batches before `end`, of which so many data are `unsettled`; for so long at
    /// most, or as long as every flush may take.
    pub(crate) fn add(
        &mut self,
        end: u64,
        unsettled: usize,
        timeout: Option<Duration>,
        report: FlushReport,
        (reply, is_last): (Reply, bool),
    ) {
        let flush = Flush {
            end,
            unsettled,
            deadline: Instant::now().checked_add(timeout.unwrap_or(self.timeout)),
            report,
            reply,
            is_last,
        };
        if unsettled == 0 {
            self.settled(flush);
        } else {
            self.waiting.push(flush);
        }
    }

    pub(crate) fn settle(&mut self, settled: &Settled) {
        if matches!(settled.ending, Ending::Spooled) {
            // That is not the end of it: it is waited for.
            return;
        }
        for flush in &mut self.waiting {
            if flush.covers(settled.number) {
                flush.unsettled -= settled.data;
                flush.report.add(settled);
            }
        }
        let done = self.waiting.extract_if(.., |flush| flush.unsettled == 0);
        for flush in done.collect::<Vec<_>>() {
            self.settled(flush);
        }
    }

    fn settled(&mut self, flush: Flush) {
        if flush.is_last {
            self.closing.push(flush);
        } else {
            flush.answer();
        }
    }

    /// Waits until the first of them has no time left.
    pub(crate) fn out_of_time(&self) -> impl Future<Output = ()> + Send + use<> {
        let all = self.waiting.iter().chain(&self.closing);
        let deadline = all.filter_map(|flush| flush.deadline).min();
        sleep_until(deadline)
    }

    /// Answers those that have no time left, with what is unsettled still.
    pub(crate) fn expire<U: Iterator<Item = Unsettled>>(&mut self, unsettled: impl Fn() -> U) {
        let now = Instant::now();
        let is_late = |flush: &mut Flush| flush.deadline.is_some_and(|deadline| deadline <= now);
        self.closing.extract_if(.., is_late).for_each(Flush::answer);
        for mut late in self.waiting.extract_if(.., is_late) {
            for one in unsettled() {
                let mut pending = one.amount;
                if !late.covers(one.number) {
                    continue;
                }
                if one.is_spooled {
                    late.report.spooled.add(pending);
                    continue;
                }
                if late.is_last {
                    pending.subtract(one.uncertain);
                    late.report.ambiguous.add(one.uncertain);
                }
                late.report.pending.add(pending);
            }
            late.answer();
        }
    }

    /// Whether nobody waits for anything that is not settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Until when something may still be done before the last are answered; none if there is no end to it.
    pub(crate) fn end(&self) -> Option<Instant> {
        if self.closing.is_empty() {
            return Some(Instant::now());
        }
        self.closing.iter().filter_map(|flush| flush.deadline).min()
    }

    /// Nothing is left to do.
    pub(crate) fn close(&mut self) {
        self.closing.drain(..).for_each(Flush::answer);
    }
}
