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

/// How far reading is.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// A record is being read.
    is_reading: bool,
    /// The records before this number were tried: the system did not let us read one of them.
    from: u64,
    /// When they are tried again.
    pub(super) again: Option<Instant>,
    /// Whether that was said.
    is_said: bool,
    /// What data that were read have in common.
    defaults: AllDefaults,
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
        // What all others wait for is read in any case.
        if reload.is_reading || !self.queue.has_room() && !self.queue.needs_disk() {
            return;
        }
        let is_own = is_own && !self.queue.is_in_order();
        let first_own = if is_own { self.queue.first_own() } else { 0 };
        if let Some(number) = self.queue.oldest_on_disk(reload.from.max(first_own)) {
            reload.is_reading = true;
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
        let batch = match payload {
            Ok(payload) => {
                reload.is_said = false;
                record_format::read(&payload, &mut reload.defaults)
            }
            Err(error) if is_passing(&error) => {
                if !std::mem::replace(&mut reload.is_said, true) {
                    tracing::error!(error = %error.with_reason(), "the journal cannot be read now; it is tried again");
                }
                let again = Instant::now().checked_add(READ_AGAIN);
                reload.again = reload.again.or(again);
                reload.from = number + 1;
                return;
            }
            Err(error @ JournalError::LaterVersion { .. }) => {
                tracing::error!(%error, "a record of the journal is left to the version that knows it");
                self.ledger.books().later_records += 1;
                self.queue.take_from_disk(number);
                return;
            }
            Err(error) => {
                tracing::error!(error = %error.with_reason(), "a record of the journal is lost");
                return self.lose(number);
            }
        };
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "a record of the journal is lost");
                return self.lose(number);
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
        } else {
            self.queue.push(queued);
            self.overflow();
        }
    }

    /// The record of what was on disk alone is gone.
    pub(super) fn lose(&mut self, number: u64) {
        if let Some(on_disk) = self.queue.take_from_disk(number) {
            if on_disk.being_written().is_none() {
                self.ledger.books().lost_records += 1;
            }
            self.settle(number, &on_disk.lost());
        }
        if let Some(journal) = &mut self.journal {
            // Whatever is there under its number.
            journal.writer.remove(number);
        }
    }
}

/// Whether it says nothing of the record.
fn is_passing(error: &JournalError) -> bool {
    match error {
        JournalError::Io { reason, .. } => reason.kind() != std::io::ErrorKind::NotFound,
        _ => false,
    }
}
