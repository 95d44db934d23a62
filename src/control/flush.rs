//! Flushes under way: each waits until all that it covers is settled, or its time is up.

use crate::control::shared::SharedPipeline;
use crate::delivery::alarm::sleep_until;
use crate::delivery::ledger::FlushId;
use crate::model::amount::Amount;
use crate::report::flush_report::FlushReport;
use crate::report::health::Health;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Takes a report to whoever asked for it.
pub(crate) type Reply = Box<dyn FnOnce(FlushReport) + Send>;

pub(crate) struct Flushes {
    pipelines: Arc<[SharedPipeline]>,
    timeout: Duration,
    waiting: Vec<Flush>,
    /// Shutdowns for which all is settled, or whose time is up: they are answered when nothing is left to do.
    closing: Vec<Flush>,
}

struct Flush {
    /// The numbers of the destinations, and what they know it by.
    parts: Vec<(usize, FlushId)>,
    /// None, if that is later than time goes.
    deadline: Option<Instant>,
    reply: Reply,
    /// Nothing comes after it.
    is_last: bool,
}

impl Flushes {
    pub(crate) fn new(pipelines: Arc<[SharedPipeline]>, timeout: Duration) -> Self {
        Self {
            pipelines,
            timeout,
            waiting: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Waits for what a flush covers; for so long at most, or as long as every flush may take.
    pub(crate) fn add(
        &mut self,
        parts: Vec<(usize, FlushId)>,
        timeout: Option<Duration>,
        reply: Reply,
        is_last: bool,
    ) {
        self.waiting.push(Flush {
            parts,
            deadline: Instant::now().checked_add(timeout.unwrap_or(self.timeout)),
            reply,
            is_last,
        });
        self.answer_settled();
    }

    /// Answers those for which all is settled.
    pub(crate) fn answer_settled(&mut self) {
        let pipelines = Arc::clone(&self.pipelines);
        let settled = |flush: &mut Flush| {
            let mut parts = flush.parts.iter();
            parts.all(|(number, id)| pipelines[*number].ledger.is_settled(*id))
        };
        for flush in self.waiting.extract_if(.., settled).collect::<Vec<_>>() {
            if flush.is_last {
                self.closing.push(flush);
            } else {
                self.answer(flush, |_, _| Amount::default());
            }
        }
    }

    /// Waits until the first of them has no time left.
    pub(crate) fn out_of_time(&self) -> impl Future<Output = ()> + Send + use<> {
        let all = self.waiting.iter().chain(&self.closing);
        let deadline = all.filter_map(|flush| flush.deadline).min();
        sleep_until(deadline)
    }

    /// Answers those that have no time left, with what is in the journal alone of a destination's batches. While another
    /// waits longer nothing is given up: what is under way is pending in all of them.
    pub(crate) fn expire(&mut self, journaled: impl Fn(usize, Range<u64>) -> Amount) {
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
            self.answer(flush, &journaled);
        }
    }

    fn answer(&self, flush: Flush, journaled: impl Fn(usize, Range<u64>) -> Amount) {
        let parts = flush.parts.iter().filter_map(|(number, id)| {
            let SharedPipeline { name, ledger, .. } = &self.pipelines[*number];
            let journaled = journaled(*number, ledger.covers(*id));
            let health = Health::of(ledger.trouble());
            let report = FlushReport::new(ledger.close_flush(*id)?, journaled, health);
            Some((Arc::clone(name), report))
        });
        (flush.reply)(FlushReport::of_all(parts.collect()));
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

    /// Nothing is left to do: they are answered with what the ledgers have now, as `stats()` is. All that this process
    /// recorded was queued before the last of them began to wait.
    pub(crate) fn close(&mut self) {
        let journaled = |number: usize, _| {
            let ledger = &self.pipelines[number].ledger;
            ledger.books().levels.own_journaled
        };
        for flush in std::mem::take(&mut self.closing) {
            self.answer(flush, journaled);
        }
    }
}
