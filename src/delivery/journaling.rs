//! What a batch has to do with the journal before, during and after an attempt.

use crate::delivery::durability::Durability;
use crate::delivery::queue::OnDisk;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::{Delivery, Mode};
use crate::journal::record_format::{self, AllDefaults};
use crate::journal::{JournalError, PATIENCE, Recovered, Report, Writer, Written};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// The journal, and what delivery is about to do with it.
#[derive(Debug)]
pub(super) struct Journaling {
    pub(super) writer: Writer,
    /// Batches that are to be written when the disk has time, or were.
    behind: BTreeSet<u64>,
    /// The record that is being read.
    pub(super) reading: Option<u64>,
    /// Records that the system did not let us read, and when they are tried again.
    pub(super) unreadable: BTreeSet<u64>,
    pub(super) read_again: Option<Instant>,
    /// Whether that was said.
    pub(super) is_unreadable: bool,
    /// What data that were read have in common.
    pub(super) defaults: AllDefaults,
}

/// Whether an attempt may begin, as far as the journal goes.
pub(super) enum Clearance {
    Now,
    /// Once the journal has noted that it begins.
    AfterMark,
    Later(Instant),
}

impl Journaling {
    pub(super) fn new(writer: Writer, recovered: &Recovered) -> Self {
        if recovered.damaged > 0 {
            tracing::error!(
                records = recovered.damaged,
                bytes = recovered.damaged_bytes,
                "the journal was damaged; so much of it is lost"
            );
        }
        for error in &recovered.later {
            tracing::error!(%error, "a record of the journal is left to the version that knows it");
        }
        Self {
            writer,
            behind: BTreeSet::new(),
            reading: None,
            unreadable: BTreeSet::new(),
            read_again: None,
            is_unreadable: false,
            defaults: AllDefaults::new(),
        }
    }
}

impl Delivery {
    /// Begins to write a batch, in the place of its older record, unless the disk has enough to do.
    pub(super) fn store(&mut self, queued: &mut QueuedBatch) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let until = Instant::now() + PATIENCE;
        let has_older = match queued.durability {
            Durability::Writing {
                write, has_older, ..
            } => has_older || !journal.writer.cancel(write),
            durability => durability.has_record(),
        };
        queued.durability = if journal.writer.is_slow() {
            Durability::unwritten(has_older)
        } else if journal.writer.has_time() {
            let data: Vec<_> = queued.data().collect();
            let payload = record_format::write(&queued.batch, data.into_iter());
            Durability::Writing {
                write: (journal.writer).write(queued.number, payload, queued.is_repeated),
                until,
                has_older,
            }
        } else {
            journal.behind.insert(queued.number);
            Durability::Behind { until, has_older }
        };
    }

    /// Nothing is left of a batch.
    pub(super) fn discard(&mut self, number: u64, durability: Durability) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let is_cancelled = match durability {
            Durability::Writing { write, .. } => journal.writer.cancel(write),
            _ => true,
        };
        if !is_cancelled || durability.has_record() {
            journal.writer.remove(number);
        }
    }

    /// Whether a batch may be sent, which had its time to be written.
    pub(super) fn clearance(&mut self, queued: &mut QueuedBatch, now: Instant) -> Clearance {
        let Some(journal) = &mut self.journal else {
            return Clearance::Now;
        };
        let is_strict = queued.batch.delivery() == Mode::AtMostOnce;
        let later = now + PATIENCE;
        match &mut queued.durability {
            Durability::Behind { has_older, .. } => {
                journal.writer.is_behind();
                queued.durability = Durability::unwritten(*has_older);
            }
            Durability::Writing {
                write,
                until,
                has_older,
            } => {
                journal.writer.is_late();
                if journal.writer.cancel(*write) {
                    queued.durability = Durability::unwritten(*has_older);
                } else if is_strict {
                    // Sent, and then written as if it were not, it could be sent twice.
                    *until = later;
                    return Clearance::Later(later);
                }
            }
            Durability::Durable | Durability::Outdated if is_strict && journal.writer.is_slow() => {
                return Clearance::Later(later);
            }
            _ => {}
        }
        if !matches!(
            queued.durability,
            Durability::Durable | Durability::Outdated
        ) {
            return Clearance::Now;
        }
        journal.writer.mark(queued.number, is_strict);
        // Data go before a note about them.
        if is_strict || !journal.writer.is_slow() {
            Clearance::AfterMark
        } else {
            Clearance::Now
        }
    }

    /// The attempt surely did not arrive, and the batch is to be tried again.
    pub(super) fn take_back(&mut self, queued: &mut QueuedBatch) {
        match queued.durability {
            // It may be possible by now.
            Durability::Memory | Durability::Outdated => self.store(queued),
            // What was marked when more of it was left stays so.
            Durability::Durable if !queued.is_repeated => {
                if let Some(journal) = &self.journal {
                    journal.writer.unmark(queued.number);
                }
            }
            _ => {}
        }
    }

    /// What the journal has done.
    pub(super) fn heard(&mut self, report: Report) {
        match report {
            Report::Written {
                number,
                write,
                written: Some(written),
            } => self.written(number, write, written),
            Report::Marked(number, marked) => self.marked(number, &marked),
            Report::Read(number, payload) => self.read(number, payload),
            Report::Written { written: None, .. } | Report::Changed(_) => {}
        }
    }

    fn written(&mut self, number: u64, write: u64, written: Written) {
        for dropped in written.dropped {
            self.lost_record(dropped);
        }
        let is_in_flight = self.queue.in_flight_mut(number).is_some();
        let queued = self.queue.find(number);
        let is_it = |durability| matches!(durability, Durability::Writing { write: one, .. } if one == write);
        let after = if written.error.is_none() {
            Durability::Durable
        } else {
            Durability::unwritten(written.is_there)
        };
        if let Some(queued) = queued.filter(|queued| is_it(queued.durability)) {
            queued.durability = after;
            let is_begun = is_in_flight || queued.is_repeated;
            if after == Durability::Durable
                && is_begun
                && let Some(journal) = &self.journal
            {
                journal.writer.mark(number, false);
            }
        } else if (self.queue.on_disk(number)).is_some_and(|on_disk| is_it(on_disk.durability())) {
            self.queue.set_durability(number, after);
            if after != Durability::Durable {
                self.lose(number);
            }
        }
    }

    /// A record had to go for another.
    fn lost_record(&mut self, number: u64) {
        if let Some(queued) = self.queue.find(number) {
            queued.durability.lose_record();
        } else if let Some(on_disk) = self.queue.on_disk(number) {
            let mut durability = on_disk.durability();
            durability.lose_record();
            self.queue.set_durability(number, durability);
            if durability == Durability::Memory {
                self.lose(number);
            }
        }
    }

    fn marked(&mut self, number: u64, marked: &Result<bool, JournalError>) {
        if let Ok(false) = marked
            && let Some(queued) = self.queue.find(number)
        {
            queued.durability.lose_record();
        }
        let in_flight = self.queue.in_flight_mut(number);
        let Some(in_flight) = in_flight.filter(|in_flight| in_flight.marking.is_some()) else {
            return;
        };
        let is_strict = in_flight.queued.batch.delivery() == Mode::AtMostOnce;
        if marked.is_err() && is_strict {
            self.hold_back(number);
        } else {
            self.send(number);
        }
    }

    /// When the journal has had its time to note that an attempt begins.
    pub(super) fn marking_until(&self) -> Option<Instant> {
        let in_flight = self.queue.in_flight();
        in_flight.filter_map(|in_flight| in_flight.marking).min()
    }

    /// Goes on without notes that are late, but for what must not be sent twice.
    pub(super) fn stop_marking(&mut self, now: Instant) {
        let late = self.queue.in_flight();
        let late = late.filter(|one| one.marking.is_some_and(|until| until <= now));
        let late: Vec<_> = late
            .map(|one| (one.queued.number, one.queued.batch.delivery()))
            .collect();
        for (number, mode) in late {
            if let Some(journal) = &mut self.journal {
                journal.writer.is_late();
            }
            match mode {
                Mode::AtMostOnce => self.hold_back(number),
                _ => self.send(number),
            }
        }
    }

    /// Attempts that have not begun do not begin any more.
    pub(super) fn hold_all_back(&mut self) {
        let marking = self.queue.in_flight();
        let marking = marking.filter(|one| one.marking.is_some());
        let marking: Vec<u64> = marking.map(|one| one.queued.number).collect();
        for number in marking {
            self.hold_back(number);
        }
    }

    /// Nothing was sent: it would not have been safe.
    fn hold_back(&mut self, number: u64) {
        let Some(in_flight) = self.queue.arrive(number) else {
            return;
        };
        let mut queued = in_flight.queued;
        if let Some(journal) = &self.journal
            && !queued.is_repeated
        {
            journal.writer.unmark(number);
        }
        queued.not_before = Some(Instant::now() + PATIENCE);
        self.queue.push(queued);
        self.overflow();
    }

    /// Gives the disk what it now has time for.
    pub(super) fn write_behind(&mut self) {
        while let Some(journal) = &mut self.journal
            && !journal.writer.is_slow()
            && journal.writer.has_time()
            && let Some(number) = journal.behind.pop_first()
        {
            // It may have been sent meanwhile, or have had to go.
            if let Some(mut queued) = self.queue.take(number) {
                if matches!(queued.durability, Durability::Behind { .. }) {
                    self.store(&mut queued);
                }
                self.queue.push(queued);
            }
        }
    }

    /// What there is no room for goes, or is left to the disk.
    pub(super) fn overflow(&mut self) {
        // What they keep of evicted series goes with them, though perhaps not at once.
        let mut freed = 0;
        while let Some(queued) = self.queue.overflow(freed) {
            freed += queued.evicted_len();
            let number = queued.number;
            match queued.durability {
                Durability::Durable | Durability::Writing { .. } => {
                    self.queue.leave_to_disk(number, OnDisk::of(&queued));
                }
                durability => {
                    self.settle(number, &queued.dropped());
                    self.discard(number, durability);
                }
            }
        }
    }
}
