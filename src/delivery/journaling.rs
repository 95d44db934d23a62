//! What a batch has to do with the journal: when it is written, and what stays there.

use crate::delivery::durability::Durability;
use crate::delivery::queue::OnDisk;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::reload::Reload;
use crate::delivery::{Delivery, Guarantee};
use crate::journal::record_format;
use crate::journal::{Done, Dropped, PATIENCE, Recovered, Report, Writer, Written};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// The journal, and what delivery is about to do with it.
#[derive(Debug)]
pub(super) struct Journaling {
    pub(super) writer: Writer,
    /// Batches that are to be written when the disk has time, or were.
    behind: BTreeSet<u64>,
    pub(super) reload: Reload,
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
        for error in &recovered.refused {
            tracing::error!(%error, "something in the journal's folder is not the journal's; it is left alone");
        }
        if recovered.leftovers > 0 {
            tracing::debug!(
                files = recovered.leftovers,
                "writes to the journal had been cut off, of data that were in memory then"
            );
        }
        Self {
            writer,
            behind: BTreeSet::new(),
            reload: Reload::default(),
        }
    }
}

impl Delivery {
    /// Begins to write a batch, in the place of its older record, unless the disk has enough to do.
    pub(super) fn store(&mut self, queued: &mut QueuedBatch) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        if journal.writer.has_time() || journal.writer.is_slow() {
            self.write(queued);
        } else {
            let has_older = queued.durability.has_record();
            let until = Instant::now() + PATIENCE;
            journal.behind.insert(queued.number);
            queued.durability = Durability::Behind { until, has_older };
        }
    }

    /// Begins to write a batch, however much is being written, but not while the disk does not answer.
    fn write(&mut self, queued: &mut QueuedBatch) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let has_older = match queued.durability {
            Durability::Writing {
                write, has_older, ..
            } => has_older || !journal.writer.cancel(write),
            durability => durability.has_record(),
        };
        queued.durability = if journal.writer.is_slow() {
            Durability::unwritten(has_older)
        } else {
            let data: Vec<_> = queued.data().collect();
            let payload = record_format::write(&queued.batch, data.into_iter());
            Durability::Writing {
                write: (journal.writer).write(queued.number, payload, queued.is_repeated),
                until: Instant::now() + PATIENCE,
                has_older,
            }
        };
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

    /// Begins to write all that is not on disk as it is.
    pub(super) fn write_all(&mut self) {
        let waiting = self.queue.in_memory();
        let unwritten = waiting
            .filter(|(queued, is_in_flight)| !queued.durability.stays_on_disk() && !is_in_flight);
        let unwritten: Vec<u64> = unwritten.map(|(queued, _)| queued.number).collect();
        for number in unwritten {
            if let Some(mut queued) = self.queue.take(number) {
                self.write(&mut queued);
                self.queue.push(queued);
            }
        }
    }

    /// Nothing is left of a batch.
    pub(super) fn discard(&mut self, number: u64, durability: Durability) {
        if let Some(journal) = &mut self.journal {
            if let Durability::Writing { write, .. } = durability {
                journal.writer.cancel(write);
            }
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
            Done::Cancelled | Done::Changed(_) => {}
        }
    }

    fn written(&mut self, number: u64, write: u64, written: Written) {
        for dropped in written.dropped {
            self.lose_record(&dropped);
        }
        let is_in_flight = self.queue.in_flight(number).is_some();
        let is_durable = written.error.is_none();
        let is_it = |durability| matches!(durability, Durability::Writing { write: one, .. } if one == write);
        let mut is_begun = false;
        let queued = self.queue.find(number);
        if let Some(queued) = queued.filter(|queued| is_it(queued.durability)) {
            is_begun = is_in_flight || queued.is_repeated;
            self.queue.change(number, |durability| {
                *durability = if is_durable {
                    Durability::Durable
                } else {
                    Durability::unwritten(written.is_there)
                };
            });
            self.tests_from = None;
        } else if let Some(on_disk) = self.queue.on_disk(number)
            && on_disk.being_written() == Some(write)
        {
            is_begun = on_disk.is_repeated;
            if is_durable || on_disk.has_older && written.is_there {
                self.queue.is_written(number);
            } else {
                self.lose(number, None);
            }
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
        for number in self.queue.waiting() {
            let Some(queued) = self.queue.find(number) else {
                continue;
            };
            let Durability::Writing {
                write, has_older, ..
            } = queued.durability
            else {
                continue;
            };
            let is_strict = queued.batch.guarantee() == Guarantee::AtMostOnce;
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
