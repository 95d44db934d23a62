//! What a batch has to do with the journal: when it is written, and what stays there.

use crate::delivery::durability::Durability;
use crate::delivery::queue::OnDisk;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::reload::Reload;
use crate::delivery::unwritten::Unwritten;
use crate::delivery::{Delivery, Guarantee};
use crate::journal::record_format;
use crate::journal::{
    Done, Dropped, JournalError, PATIENCE, Recovered, Report, SHORT_PATIENCE, Writer, Written,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The journal, and what delivery is about to do with it.
#[derive(Debug)]
pub(super) struct Journaling {
    pub(super) writer: Writer,
    /// Batches that are to be written when the disk takes them.
    pub(super) unwritten: Unwritten,
    /// Writes of what is not as it was any more, which had begun: until they are over nobody knows whether there is an older
    /// record. By batch.
    begun: BTreeMap<u64, u64>,
    /// Calls that take a record off the disk and are not over, by batch.
    pub(super) withdrawals: BTreeMap<u64, u64>,
    pub(super) reload: Reload,
}

impl Journaling {
    pub(super) fn new(mut writer: Writer, recovered: &Recovered) -> Self {
        writer.log().found(recovered);
        Self {
            writer,
            unwritten: Unwritten::default(),
            begun: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            reload: Reload::default(),
        }
    }
}

impl Journaling {
    /// A batch is written anew, or not at all: a write of it that waits is cancelled. Gives whether a record of it is there,
    /// or may come to be.
    fn stop_writing(&mut self, queued: &QueuedBatch) -> bool {
        match queued.durability {
            Durability::Writing {
                write, has_older, ..
            } => {
                let has_begun = !self.writer.cancel(write);
                if has_begun {
                    self.begun.insert(queued.number, write);
                }
                has_older || has_begun
            }
            durability => durability.has_record(),
        }
    }

    /// The call that decides whether there is a record, or an older one.
    pub(super) fn undecided(&self, number: u64) -> Option<u64> {
        let calls = self.withdrawals.get(&number);
        calls.or_else(|| self.begun.get(&number)).copied()
    }
}

/// How long the disk is waited for at a time before such data are sent.
pub(super) fn patience(guarantee: Guarantee) -> Duration {
    match guarantee {
        Guarantee::AtMostOnce => PATIENCE,
        Guarantee::AtLeastOnce => SHORT_PATIENCE,
    }
}

impl Delivery {
    /// Begins to write a batch, in the place of its older record, unless the disk has enough to do.
    pub(super) fn store(&mut self, queued: &mut QueuedBatch) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let now = Instant::now();
        let writer = &mut journal.writer;
        writer.look(now);
        let guarantee = queued.batch.guarantee();
        let is_strict = guarantee == Guarantee::AtMostOnce;
        // At-most-once data would have to wait for a write that has begun.
        let is_taken = writer.has_time() && !(is_strict && writer.is_hanging());
        if is_taken {
            self.write(queued, Some(now + patience(guarantee)));
            return;
        }
        let has_older = journal.stop_writing(queued);
        let writer = &journal.writer;
        let is_waited = if is_strict {
            !writer.is_hanging()
        } else {
            !writer.is_slow()
        };
        queued.durability = if is_waited {
            let until = now + patience(guarantee);
            Durability::Behind { until, has_older }
        } else {
            Durability::unwritten(has_older)
        };
        journal.unwritten.add(queued.number);
    }

    /// Begins to write a batch, however much is being written, and waits for that; until then, if there is a time. Gives
    /// the call.
    fn write(&mut self, queued: &mut QueuedBatch, until: Option<Instant>) -> Option<u64> {
        let journal = self.journal.as_mut()?;
        let has_older = journal.stop_writing(queued);
        if journal.writer.is_closed() {
            queued.durability = Durability::unwritten(has_older);
            return None;
        }
        let until = match queued.batch.guarantee() {
            // Sent, and then written as if it were not, it could be sent twice.
            Guarantee::AtMostOnce => Some(Instant::now() + PATIENCE),
            Guarantee::AtLeastOnce => until.filter(|_| !journal.writer.is_slow()),
        };
        let data: Vec<_> = queued.data().collect();
        let payload = record_format::write(&queued.batch, data.into_iter());
        let write = (journal.writer).write(queued.number, payload, queued.is_repeated);
        queued.durability = Durability::Writing {
            write,
            until,
            has_older,
        };
        Some(write)
    }

    /// Gives the disk what it now takes.
    pub(super) fn write_behind(&mut self) {
        let now = Instant::now();
        while let Some(journal) = &mut self.journal
            && !journal.writer.is_hanging()
            && journal.writer.has_time()
            && let Some(number) =
                (journal.unwritten).next(now, |number| self.queue.in_flight(number).is_none())
        {
            // It may have been sent meanwhile, or have had to go.
            let Some(mut queued) = self.queue.take(number) else {
                continue;
            };
            let is_unwritten = matches!(
                queued.durability,
                Durability::Behind { .. } | Durability::Memory | Durability::Outdated
            );
            let until = queued.durability.waits_until();
            if is_unwritten
                && let Some(write) = self.write(&mut queued, until)
                && let Some(journal) = &mut self.journal
            {
                journal.unwritten.writes(write);
            }
            self.queue.push(queued);
        }
    }

    /// When a disk that failed is tried again.
    pub(super) fn tries_disk_at(&self, now: Instant) -> Option<Instant> {
        self.journal.as_ref()?.unwritten.wakes_at(now)
    }

    /// Nothing is sent any more: gives the disk what is not on it as it is, and goes on with that as it
    /// [takes more](Self::write_behind).
    pub(super) fn write_all(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let in_memory = self.queue.in_memory();
        let unwritten = in_memory
            .filter(|(queued, is_in_flight)| !queued.durability.stays_on_disk() && !is_in_flight);
        unwritten.for_each(|(queued, _)| journal.unwritten.add(queued.number));
        journal.unwritten.ends();
        journal.writer.look(Instant::now());
        self.write_behind();
    }

    /// Nothing is left of a batch.
    pub(super) fn discard(&mut self, number: u64, durability: Durability) {
        if let Some(journal) = &mut self.journal {
            if let Durability::Writing { write, .. } = durability {
                journal.writer.cancel(write);
            }
            journal.unwritten.forget(number);
            journal.writer.remove(number);
        }
    }

    /// What the journal has done.
    pub(super) fn heard(&mut self, report: Report) {
        let Report { number, call, done } = report;
        match done {
            Done::Written(written) => self.written(number, call, written),
            Done::Marked(marked) => self.marked(number, call, &marked),
            Done::Withdrawn(withdrawn) => self.withdrawn(number, call, &withdrawn),
            Done::Read(payload) => self.read(number, payload),
            Done::FolderRemoved(lost) => lost.iter().for_each(|one| self.lose_record(one)),
            Done::Closed => self.lose_unwritten(),
            Done::Cancelled => {
                if let Some(journal) = &mut self.journal {
                    journal.unwritten.is_over(call);
                }
            }
            Done::Changed(_) => {}
        }
    }

    fn written(&mut self, number: u64, write: u64, written: Written) {
        for dropped in written.dropped {
            self.lose_record(&dropped);
        }
        if let Some(journal) = &mut self.journal {
            if journal.begun.get(&number) == Some(&write) {
                journal.begun.remove(&number);
            }
            match &written.error {
                None => journal.unwritten.succeeded(),
                // The disk has nothing to do with it.
                Some(JournalError::TooLarge { .. }) => {
                    journal.unwritten.is_over(write);
                }
                Some(_) => {
                    journal.unwritten.failed(number, write, Instant::now());
                }
            }
        }
        let is_in_flight = self.queue.in_flight(number).is_some();
        let is_durable = written.error.is_none();
        let is_it = |durability| matches!(durability, Durability::Writing { write: one, .. } if one == write);
        let mut is_begun = false;
        let queued = self.queue.find(number);
        if let Some(queued) = queued
            && is_it(queued.durability)
        {
            is_begun = is_in_flight || queued.is_repeated;
            self.queue.change(number, |durability| {
                *durability = if is_durable {
                    Durability::Durable
                } else {
                    Durability::unwritten(written.is_there)
                };
            });
            self.tests_from = None;
        } else if queued.is_some() {
            let is_there = written.is_there;
            (self.queue).change(number, |durability| durability.older_is_there(is_there));
        } else if let Some(on_disk) = self.queue.on_disk(number)
            && on_disk.being_written() == Some(write)
        {
            is_begun = on_disk.is_repeated;
            if is_durable || on_disk.has_older && written.is_there {
                self.queue.is_written(number);
            } else {
                self.lose(number, None);
            }
        } else {
            self.queue.older_is_there(number, written.is_there);
        }
        // An attempt began while it was being written.
        if is_durable
            && is_begun
            && let Some(journal) = &mut self.journal
        {
            journal.writer.mark(number);
        }
    }

    /// A record had to go for another.
    fn lose_record(&mut self, dropped: &Dropped) {
        let number = dropped.number;
        if (self.queue.change(number, Durability::lose_record)).is_some() {
            // It is in memory.
        } else if let Some(on_disk) = self.queue.on_disk(number)
            && on_disk.being_written().is_none()
        {
            let payload = dropped.payload.as_ref();
            let lost = payload.and_then(|payload| self.was(number, payload));
            self.lose(number, lost);
        }
    }

    /// What a record of the journal had that is gone, so that the next totals have what its totals had.
    fn was(&mut self, number: u64, payload: &[u8]) -> Option<QueuedBatch> {
        let journal = self.journal.as_mut()?;
        let batch = record_format::read(payload, &mut journal.reload.defaults);
        Some(QueuedBatch::new(number, batch.ok()?))
    }

    /// Nothing is written any more.
    fn lose_unwritten(&mut self) {
        for number in self.queue.being_written() {
            self.lose(number, None);
        }
        let in_memory = self.queue.in_memory();
        let writing = in_memory.filter_map(|(queued, _)| match queued.durability {
            Durability::Writing {
                write, has_older, ..
            } => Some((queued.number, queued.batch.guarantee(), write, has_older)),
            _ => None,
        });
        for (number, guarantee, write, has_older) in writing.collect::<Vec<_>>() {
            let is_strict = guarantee == Guarantee::AtMostOnce;
            let journal = self.journal.as_mut();
            let is_cancelled = journal.is_some_and(|journal| journal.writer.cancel(write));
            self.queue.change(number, |durability| {
                *durability = if is_cancelled || !is_strict {
                    Durability::unwritten(has_older)
                } else {
                    // It may be there unmarked: only the next process can tell.
                    Durability::Durable
                };
            });
        }
    }

    /// What there is no room for goes, or is left to the disk.
    pub(super) fn overflow(&mut self) {
        // What they keep of evicted series goes with them, though perhaps not at once.
        let mut freed = 0;
        while let Some(queued) = self.queue.overflow(freed) {
            freed += queued.evicted_len();
            let number = queued.number;
            if queued.durability.stays_on_disk() {
                self.queue.leave_to_disk(number, OnDisk::of(&queued));
            } else {
                self.settle(number, &queued.dropped());
                self.discard(number, queued.durability);
            }
        }
    }
}
