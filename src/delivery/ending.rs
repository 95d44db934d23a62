//! How delivery ends: what is under way, what has perhaps arrived, and what goes to disk for the next process.

use crate::delivery::Delivery;
use crate::delivery::alarm::sleep_until;
use crate::delivery::durability::Durability;
use crate::delivery::ledger::Outcome;
use crate::delivery::next_report;
use crate::delivery::queue::OnDisk;
use crate::delivery::queued_batch::Verdict;
use crate::journal::PATIENCE;
use crate::model::attempt::Attempt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a sink may take to close.
const CLOSING: Duration = Duration::from_secs(5);

impl Delivery {
    /// Waits for an attempt that is under way, until the deadline; false, if there is none or no time. Nothing else is
    /// started.
    pub(crate) async fn last(&mut self, deadline: Option<Instant>) -> bool {
        self.hold_all_back();
        let done = tokio::select! {
            biased;
            done = self.attempts.join_next_with_id() => done,
            () = sleep_until(deadline) => None,
        };
        let is_one = done.is_some();
        if let Some(done) = done {
            self.finish(done);
        }
        self.set_levels();
        is_one
    }

    /// Requests that wait for credentials are not to leave any more. Their data wait as if they had not been tried.
    fn withdraw_waiting(&mut self) {
        let requests = self.requests.values();
        let withdrawn = requests.filter(|one| one.attempt.as_ref().is_some_and(Attempt::withdraw));
        let withdrawn: Vec<u64> = withdrawn.flat_map(|one| one.numbers.clone()).collect();
        for number in withdrawn {
            if let Some(in_flight) = self.queue.arrive(number) {
                let mut queued = in_flight.queued;
                queued.unite();
                self.take_back(&mut queued);
                self.queue.push(queued);
            }
        }
    }

    /// Nothing is tried any more: what has perhaps arrived, and is not on disk, is ambiguous.
    pub(crate) fn give_up_uncertain(&mut self) {
        self.withdraw_waiting();
        let in_memory = self.queue.in_memory();
        let uncertain = in_memory.filter(|(queued, is_in_flight)| {
            let is_uncertain = queued.is_repeated || *is_in_flight;
            is_uncertain && !queued.durability.is_on_disk()
        });
        let uncertain: Vec<u64> = uncertain.map(|(queued, _)| queued.number).collect();
        for number in uncertain {
            let in_flight = self.queue.arrive(number);
            let queued = in_flight.map(|in_flight| in_flight.queued);
            let Some(mut queued) = queued.or_else(|| self.queue.take(number)) else {
                continue;
            };
            if let Durability::Writing {
                write, has_older, ..
            } = queued.durability
                && let Some(journal) = &mut self.journal
            {
                if journal.writer.cancel(write) {
                    queued.durability = Durability::unwritten(has_older);
                } else {
                    // The next process finds it, and that it was begun.
                    journal.writer.mark(number);
                    queued.is_repeated = true;
                    self.queue.push(queued);
                    continue;
                }
            }
            let durability = queued.durability;
            let verdict = if queued.is_repeated {
                Verdict {
                    settled: vec![queued.settled(Outcome::Ambiguous)],
                    rest: None,
                }
            } else {
                queued.given_up()
            };
            self.conclude(number, durability, verdict);
        }
        self.set_levels();
    }

    /// Nothing can be sent or waited for any more: what the journal does not take is lost.
    pub(crate) fn abandon(&mut self) {
        self.hold_all_back();
        self.give_up_uncertain();
        self.write_all();
        // Nothing can be awaited here, so that the thread is blocked, though not for long.
        while let Some(journal) = &mut self.journal
            && let Some(report) = journal.writer.next_blocking()
        {
            self.heard(report);
            self.write_behind();
        }
        // What was being read came back.
        self.leave_to_next();
        self.give_up_writes();
        self.set_levels();
    }

    /// Nothing is sent any more: the disk gets what it does not have. What it gets is known at once where there is nothing
    /// to wait for, or no time until the deadline; else when this is [closed](Self::close).
    pub(crate) fn stop(&mut self, deadline: Option<Instant>) {
        self.write_all();
        self.hear_all();
        let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if is_late || self.is_disk_done() {
            self.leave_to_next();
        }
        self.set_levels();
    }

    /// All that is in memory leaves it: the next process has what the disk has, and the rest is lost. What is being
    /// written is pending until the disk says how that went.
    fn leave_to_next(&mut self) {
        self.ledger.end();
        let in_memory = self.queue.in_memory();
        let in_memory: Vec<u64> = in_memory.map(|(queued, _)| queued.number).collect();
        for number in in_memory {
            let in_flight = self.queue.arrive(number).map(|one| one.queued);
            let was_under_way = in_flight.is_some();
            let Some(queued) = in_flight.or_else(|| self.queue.take(number)) else {
                continue;
            };
            let is_written = matches!(queued.durability, Durability::Writing { .. });
            if is_written || queued.durability.has_record() {
                let on_disk = OnDisk::left(&queued, was_under_way);
                self.queue.leave_to_disk(number, on_disk);
                let journal = self.journal.as_ref();
                if !is_written && let Some(write) = journal.and_then(|one| one.undecided(number)) {
                    self.queue.waits_for_write(number, write);
                }
            } else {
                let settled = queued.dropped();
                self.ledger.settle(number, &settled);
                self.owed.add(number, &settled, &self.ledger);
            }
        }
    }

    /// What the disk has not begun to write is not written any more.
    fn give_up_writes(&mut self) {
        for number in self.queue.being_written() {
            let Some(journal) = &mut self.journal else {
                return;
            };
            let on_disk = self.queue.on_disk(number);
            let write = on_disk.and_then(|one| Some((one.being_written()?, one.has_older)));
            match write.filter(|(write, _)| journal.writer.cancel(*write)) {
                Some((_, true)) => match journal.undecided(number) {
                    Some(write) => self.queue.waits_for_write(number, write),
                    None => self.queue.is_written(number),
                },
                Some((_, false)) => self.lose(number, None),
                None => {}
            }
        }
    }

    /// Ends, when all that is not settled is on disk, if there is a journal: its disk has two seconds for each
    /// answer and [`PATIENCE`] in all. At the deadline the account is as it is then.
    pub(crate) async fn close(&mut self, deadline: Option<Instant>) {
        self.attempts.shutdown().await;
        let sink = Arc::clone(&self.sink);
        let closing = tokio::time::timeout(CLOSING, sink.close());
        let (closed, ()) = tokio::join!(closing, self.close_journal(deadline));
        if closed.is_err() {
            tracing::warn!("the sink did not close in time");
        }
    }

    async fn close_journal(&mut self, mut deadline: Option<Instant>) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.write_behind();
            if self.is_disk_done() {
                break;
            }
            let closes_at = self.journal.as_ref();
            let closes_at = closes_at.and_then(|journal| journal.writer.closes_at());
            let until = closes_at.map_or(until, |at| at.min(until));
            tokio::select! {
                biased;
                report = next_report(&mut self.journal) => self.heard(report),
                () = sleep_until(deadline), if deadline.is_some() => {
                    deadline = None;
                    self.leave_to_next();
                }
                () = sleep_until(Some(until)) => {
                    self.journal.iter_mut().for_each(|journal| journal.writer.hurry());
                    break;
                }
            }
            self.set_levels();
        }
        self.leave_to_next();
        let before = self.ledger.books().account.dropped;
        self.give_up_writes();
        let mut lost = self.ledger.books().account.dropped;
        lost.subtract(before);
        self.set_levels();
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.writer.close().await
        {
            let unknown = self.queue.being_written().len();
            let (data, samples) = (lost.data, lost.samples);
            let error = error.with_reason();
            tracing::error!(%error, data, samples, batches = unknown, "the journal does not have so many data; of so many batches it may");
        }
        self.set_levels();
    }

    /// What the disk has said so far.
    fn hear_all(&mut self) {
        while let Some(journal) = &mut self.journal
            && let Some(report) = journal.writer.try_next()
        {
            self.heard(report);
            self.write_behind();
        }
    }

    /// Whether nothing is left that the disk was asked for.
    fn is_disk_done(&self) -> bool {
        let journal = self.journal.as_ref();
        journal.is_none_or(|journal| journal.writer.is_done())
    }
}
