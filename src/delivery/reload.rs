//! What is on disk alone, and comes back when there is room.

use crate::delivery::durability::Durability;
use crate::delivery::ledger::Outcome;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::delivery::{Delivery, Guarantee};
use crate::journal::JournalError;
use crate::journal::record_format::{self, AllDefaults};
use std::time::Duration;
use tokio::time::Instant;

/// After the system did not let us read.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// So often, where others wait for it.
const MAX_FAILURES: u32 = 3;
/// How long they wait for a disk that does not answer.
const LONGEST_READ: Duration = Duration::from_secs(30);

/// How far reading is.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// A record is being read.
    is_reading: bool,
    /// Until when others wait for it, where they go in order.
    passes_over: Option<Instant>,
    /// How often the system did not let us read, in a row.
    failures: u32,
    /// The records before this number were tried: the system did not let us read one of them.
    from: u64,
    /// When they are tried again.
    pub(super) again: Option<Instant>,
    /// What data that were read have in common.
    pub(super) defaults: AllDefaults,
}

impl Delivery {
    /// Begins to read the oldest record that is on disk alone, of all or of what this process recorded, if there is
    /// room and none is being read.
    pub(super) fn reload(&mut self, is_own: bool) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let reload = &mut journal.reload;
        if reload.again.is_some_and(|at| at <= Instant::now()) {
            (reload.again, reload.from) = (None, 0);
        }
        if reload.is_reading {
            let passes_over = self.passes_over_at();
            if passes_over.is_some_and(|at| at <= Instant::now()) {
                self.pass_over();
            }
            return;
        }
        let is_own = is_own && !self.queue.is_in_order();
        let first_own = if is_own { self.queue.first_own() } else { 0 };
        let oldest = self.queue.oldest_on_disk(reload.from.max(first_own));
        // What all others wait for is read without room, too.
        let may_be_read = |number: &u64| self.queue.has_room() || self.queue.is_in_turn(*number);
        if let Some(number) = oldest.filter(may_be_read) {
            reload.is_reading = true;
            reload.passes_over = Instant::now().checked_add(LONGEST_READ);
            journal.writer.read(number);
        }
    }

    /// A record was read.
    pub(super) fn read(&mut self, number: u64, payload: Result<Vec<u8>, JournalError>) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let reload = &mut journal.reload;
        reload.is_reading = false;
        reload.passes_over = None;
        let batch = match payload {
            Ok(payload) => {
                journal.writer.log().is_readable();
                reload.failures = 0;
                record_format::read(&payload, &mut reload.defaults)
            }
            Err(error) if is_passing(&error) => {
                journal.writer.log().is_unreadable(&error);
                let again = Instant::now().checked_add(READ_AGAIN);
                reload.again = reload.again.or(again);
                reload.from = number + 1;
                reload.failures += u32::from(self.queue.is_in_turn(number));
                if reload.failures >= MAX_FAILURES {
                    reload.failures = 0;
                    self.pass_over();
                }
                return;
            }
            Err(error @ JournalError::LaterVersion { .. }) => {
                journal.writer.log().later(&error);
                self.ledger.books().later_records += 1;
                self.queue.take_from_disk(number);
                return;
            }
            Err(error) => {
                journal.writer.log().lost(&error.with_reason());
                return self.lose(number, None);
            }
        };
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                journal.writer.log().lost(&error);
                return self.lose(number, None);
            }
        };
        let Some(on_disk) = self.queue.take_from_disk(number) else {
            return;
        };
        let mut queued = QueuedBatch::new(number, batch);
        queued.group = on_disk.group();
        queued.is_repeated = on_disk.is_repeated;
        queued.durability = Durability::Durable;
        if !on_disk.is_counted() {
            self.ledger.restored(queued.amount());
        }
        if queued.is_repeated && queued.batch.guarantee() == Guarantee::AtMostOnce {
            let settled = vec![queued.settled(Outcome::Ambiguous)];
            let rest = None;
            self.conclude(number, queued.durability, Verdict { settled, rest });
            return;
        }
        let durability = queued.durability;
        if self.queue.is_own(number) {
            self.take_in(queued);
            return;
        }
        let mut checked = self.check_restored(queued);
        match checked.rest {
            Some(queued) if checked.settled.is_empty() => self.take_in(queued),
            mut rest => {
                if let Some(rest) = &mut rest {
                    self.pay(rest);
                }
                checked.rest = rest;
                self.conclude(number, durability, checked);
            }
        }
    }

    fn take_in(&mut self, mut queued: QueuedBatch) {
        self.pay(&mut queued);
        self.queue.push(queued);
        self.overflow();
    }

    /// The record of what was on disk alone is gone; `was` what it had, if that is known.
    pub(super) fn lose(&mut self, number: u64, was: Option<QueuedBatch>) {
        if let Some(on_disk) = self.queue.take_from_disk(number) {
            if on_disk.being_written().is_none() {
                self.ledger.books().lost_records += 1;
            }
            let mut settled = on_disk.lost();
            match was {
                Some(mut was) if on_disk.is_counted() => {
                    was.is_repeated = on_disk.is_repeated;
                    settled = was.dropped();
                }
                Some(was) => settled.returned = was.uncounted_totals(),
                None => {}
            }
            self.settle(number, &settled);
        }
        if let Some(journal) = &mut self.journal {
            // Whatever is there under its number.
            journal.writer.remove(number);
        }
    }

    /// Gives up what all others wait for and the disk does not give.
    fn pass_over(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.reload.passes_over = None;
        }
        let mut records = 0_u64;
        while let Some(number) = self.queue.oldest_on_disk(0)
            && self.queue.is_in_turn(number)
        {
            self.lose(number, None);
            records += 1;
        }
        if records > 0 {
            tracing::error!(
                records,
                "the journal does not give back what is to be sent first; it is given up, as all later totals wait for it"
            );
        }
    }

    /// When what all others wait for is given up, if the disk does not answer.
    pub(super) fn passes_over_at(&self) -> Option<Instant> {
        let journal = self.journal.as_ref()?;
        journal
            .reload
            .passes_over
            .filter(|_| self.queue.is_in_order())
    }
}

/// Whether it says nothing of the record.
fn is_passing(error: &JournalError) -> bool {
    match error {
        JournalError::Io { reason, .. } => reason.kind() != std::io::ErrorKind::NotFound,
        _ => false,
    }
}
