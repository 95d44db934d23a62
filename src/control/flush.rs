//! Flushes under way: each waits until all that it covers is settled, or its time is up.

use crate::delivery::alarm::sleep_until;
use crate::delivery::ledger::{FlushId, Ledger};
use crate::delivery::queue::Unsettled;
use crate::model::amount::Amount;
use crate::report::flush_report::FlushReport;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Takes a report to whoever asked for it.
pub(crate) type Reply = Box<dyn FnOnce(FlushReport) + Send>;

pub(crate) struct Flushes {
    ledger: Arc<Ledger>,
    timeout: Duration,
    waiting: Vec<Flush>,
    /// Shutdowns for which all is settled, or whose time is up: they are answered when nothing is left to do.
    closing: Vec<Flush>,
}

struct Flush {
    id: FlushId,
    /// None, if that is later than time goes.
    deadline: Option<Instant>,
    reply: Reply,
    /// Nothing comes after it.
    is_last: bool,
}

impl Flushes {
    pub(crate) fn new(ledger: Arc<Ledger>, timeout: Duration) -> Self {
        Self {
            ledger,
            timeout,
            waiting: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Waits for what a flush covers; for so long at most, or as long as every flush may take.
    pub(crate) fn add(
        &mut self,
        id: FlushId,
        timeout: Option<Duration>,
        reply: Reply,
        is_last: bool,
    ) {
        self.waiting.push(Flush {
            id,
            deadline: Instant::now().checked_add(timeout.unwrap_or(self.timeout)),
            reply,
            is_last,
        });
        self.answer_settled();
    }

    /// Answers those for which all is settled.
    pub(crate) fn answer_settled(&mut self) {
        let ledger = Arc::clone(&self.ledger);
        let settled = |flush: &mut Flush| ledger.is_settled(flush.id);
        for flush in self.waiting.extract_if(.., settled).collect::<Vec<_>>() {
            if flush.is_last {
                self.closing.push(flush);
            } else {
                self.answer(flush, |_| Unsettled::default());
            }
        }
    }

    /// Waits until the first of them has no time left.
    pub(crate) fn out_of_time(&self) -> impl Future<Output = ()> + Send + use<> {
        let all = self.waiting.iter().chain(&self.closing);
        let deadline = all.filter_map(|flush| flush.deadline).min();
        sleep_until(deadline)
    }

    /// Answers those that have no time left, with what is unsettled still.
    pub(crate) fn expire(&mut self, unsettled: impl Fn(Range<u64>) -> Unsettled) {
        let now = Instant::now();
        let is_late = |flush: &mut Flush| flush.deadline.is_some_and(|deadline| deadline <= now);
        let mut late: Vec<Flush> = self.waiting.extract_if(.., is_late).collect();
        if self.waiting.is_empty() {
            // Nobody else waits, so that what is under way is given up before they are answered.
            let is_last = |flush: &mut Flush| flush.is_last;
            self.closing.extend(late.extract_if(.., is_last));
        } else {
            late.extend(self.closing.extract_if(.., is_late));
        }
        for flush in late {
            self.answer(flush, &unsettled);
        }
    }

    fn answer(&self, flush: Flush, unsettled: impl Fn(Range<u64>) -> Unsettled) {
        let Unsettled {
            journaled,
            uncertain,
        } = unsettled(self.ledger.covers(flush.id));
        if let Some(account) = self.ledger.close_flush(flush.id) {
            let mut report = FlushReport::new(account, journaled);
            if flush.is_last {
                report.pending.subtract(uncertain);
                report.ambiguous.add(uncertain);
            }
            (flush.reply)(report);
        }
    }

    /// Whether nobody waits for anything that is not settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Until when something may still be done before the last are answered; none if there is no end to it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.closing.is_empty() {
            return Some(Instant::now());
        }
        self.closing.iter().filter_map(|flush| flush.deadline).min()
    }

    /// Nothing is left to do; so much is in the journal alone.
    pub(crate) fn close(&mut self, journaled: Amount) {
        let unsettled = Unsettled {
            journaled,
            ..Unsettled::default()
        };
        for flush in std::mem::take(&mut self.closing) {
            self.answer(flush, |_| unsettled);
        }
    }
}
