//! What the journal is told of an attempt: that it begins, before it does, and that it surely did not arrive.
//!
//! What must not be sent twice is not sent while its record says that it was never tried.

use crate::delivery::durability::Durability;
use crate::delivery::queue::InFlight;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::{Delivery, Guarantee};
use crate::journal::{JournalError, PATIENCE};
use tokio::time::Instant;

/// Whether an attempt may begin, as far as the journal goes.
pub(super) enum Clearance {
    Now,
    /// Once the call of this number has marked the record.
    AfterMark(u64),
    /// It waits on.
    Later,
}

impl Delivery {
    /// Whether a batch may be sent, which had its time to be written.
    pub(super) fn clearance(&mut self, queued: &mut QueuedBatch, now: Instant) -> Clearance {
        let Some(journal) = &mut self.journal else {
            return Clearance::Now;
        };
        let is_strict = queued.batch.guarantee() == Guarantee::AtMostOnce;
        let later = now + PATIENCE;
        match &mut queued.durability {
            Durability::Behind { has_older, .. } => {
                journal.writer.fell_behind();
                journal.writer.lags();
                queued.durability = Durability::unwritten(*has_older);
            }
            Durability::Writing {
                write,
                until,
                has_older,
            } if is_strict => {
                journal.writer.hangs();
                if journal.writer.cancel(*write) {
                    queued.durability = Durability::unwritten(*has_older);
                    journal.unwritten.add(queued.number);
                } else {
                    // Sent, and then written as if it were not, it could be sent twice.
                    *until = Some(later);
                    return Clearance::Later;
                }
            }
            // It is sent while it is being written.
            Durability::Writing { until, .. } => {
                let was_waited_for = until.take().is_some();
                if was_waited_for {
                    journal.writer.lags();
                }
            }
            Durability::Durable | Durability::Outdated
                if is_strict && journal.writer.is_hanging() =>
            {
                queued.not_before = Some(later);
                return Clearance::Later;
            }
            _ => {}
        }
        if !queued.durability.is_on_disk() {
            return Clearance::Now;
        }
        let mark = journal.writer.mark(queued.number);
        // A healthy destination does not wait for a disk that does not answer.
        if is_strict || !journal.writer.is_slow() {
            Clearance::AfterMark(mark)
        } else {
            Clearance::Now
        }
    }

    /// The attempt surely did not arrive, and the batch is to be tried again.
    pub(super) fn take_back(&mut self, queued: &mut QueuedBatch) {
        match queued.durability {
            // It may be possible by now.
            Durability::Memory | Durability::Outdated => self.store(queued),
            _ => self.unmark(queued),
        }
    }

    /// A record that was marked when more of the batch was left stays so.
    fn unmark(&mut self, queued: &QueuedBatch) {
        if queued.durability == Durability::Durable
            && !queued.is_repeated
            && let Some(journal) = &mut self.journal
        {
            journal.writer.unmark(queued.number);
        }
    }

    pub(super) fn marked(&mut self, number: u64, call: u64, marked: &Result<bool, JournalError>) {
        if let Ok(false) = marked {
            self.lose_record_in_memory(number);
        }
        let Some(in_flight) = self.queue.in_flight_mut(number) else {
            return;
        };
        let Some((_, until)) = in_flight.marking.filter(|(mark, _)| *mark == call) else {
            return;
        };
        let is_strict = in_flight.queued.batch.guarantee() == Guarantee::AtMostOnce;
        if marked.is_err()
            && is_strict
            && let Some(journal) = &mut self.journal
        {
            // From memory alone it may be sent.
            let withdrawal = journal.writer.withdraw(number);
            journal.withdrawals.insert(number, withdrawal);
            in_flight.marking = Some((withdrawal, until));
        } else {
            self.cleared(number);
        }
    }

    pub(super) fn withdrawn(
        &mut self,
        number: u64,
        call: u64,
        withdrawn: &Result<(), JournalError>,
    ) {
        if withdrawn.is_ok() {
            self.lose_record_in_memory(number);
        }
        if let Some(journal) = &mut self.journal
            && journal.withdrawals.get(&number) == Some(&call)
        {
            journal.withdrawals.remove(&number);
        }
        let in_flight = self.queue.in_flight_mut(number);
        let is_its = |one: &&mut InFlight| one.marking.is_some_and(|(mark, _)| mark == call);
        if in_flight.as_ref().is_some_and(is_its) {
            if withdrawn.is_ok() {
                self.cleared(number);
            } else {
                self.hold_back(number);
            }
        } else if let Some(on_disk) = self.queue.on_disk(number) {
            // It left the memory at the end.
            if on_disk.being_written() == Some(call) {
                if withdrawn.is_ok() {
                    self.lose(number, None);
                } else {
                    self.queue.is_written(number);
                }
            }
        } else if let Some(mut queued) = self.queue.take(number) {
            // It was held back meanwhile, and is to be on disk.
            if queued.durability == Durability::Memory {
                self.store(&mut queued);
            }
            self.queue.push(queued);
        }
    }

    fn lose_record_in_memory(&mut self, number: u64) {
        self.queue.change(number, Durability::lose_record);
    }

    /// Until when marks are waited for.
    pub(super) fn marking_until(&self) -> Option<Instant> {
        let in_flight = self.queue.all_in_flight();
        let marking = in_flight.filter_map(|in_flight| in_flight.marking);
        marking.map(|(_, until)| until).min()
    }

    /// Goes on without marks that are late, but for what must not be sent twice. Gives whether there were any.
    pub(super) fn stop_marking(&mut self, now: Instant) -> bool {
        let late = self.queue.all_in_flight();
        let late = late.filter(|one| one.marking.is_some_and(|(_, until)| until <= now));
        let late: Vec<_> = late
            .map(|one| (one.queued.number, one.queued.batch.guarantee()))
            .collect();
        for (number, guarantee) in &late {
            if let Some(journal) = &mut self.journal {
                match guarantee {
                    Guarantee::AtMostOnce => journal.writer.hangs(),
                    Guarantee::AtLeastOnce => journal.writer.lags(),
                }
            }
            match guarantee {
                Guarantee::AtMostOnce => self.hold_back(*number),
                Guarantee::AtLeastOnce => self.cleared(*number),
            }
        }
        !late.is_empty()
    }

    /// Attempts that have not begun do not begin any more.
    pub(super) fn hold_all_back(&mut self) {
        for number in self.withdraw_unsent() {
            self.hold_back(number);
        }
    }

    /// Nothing was sent: it would not have been safe.
    fn hold_back(&mut self, number: u64) {
        let Some(in_flight) = self.queue.arrive(number) else {
            return;
        };
        self.leave_out(&in_flight);
        let mut queued = in_flight.queued;
        let is_cancelled = in_flight.marking.is_some_and(|(mark, _)| {
            let journal = self.journal.as_mut();
            journal.is_some_and(|journal| journal.writer.cancel(mark))
        });
        if !is_cancelled {
            self.unmark(&queued);
        }
        let now = Instant::now();
        queued.not_before = Some(now + PATIENCE);
        queued.unite();
        self.wait(queued, now);
    }
}
