//! What is on disk alone, and comes back when there is room.

use crate::delivery::Delivery;
use crate::delivery::Mode;
use crate::delivery::durability::Durability;
use crate::delivery::ledger::Outcome;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::journal::{JournalError, record_format};
use std::time::Duration;
use tokio::time::Instant;

/// After the system did not let us read.
const READ_AGAIN: Duration = Duration::from_secs(10);

impl Delivery {
    /// Begins to read the oldest record that is on disk alone, of all or of what this process recorded, if there is
    /// room and none is being read.
    pub(super) fn reload(&mut self, is_own: bool) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        if journal.reading.is_some() || !self.queue.has_room() {
            return;
        }
        if journal.read_again.is_some_and(|at| at <= Instant::now()) {
            journal.read_again = None;
            journal.unreadable.clear();
        }
        let is_readable = |number| !journal.unreadable.contains(&number);
        if let Some(number) = self.queue.oldest_on_disk(is_own, is_readable) {
            journal.reading = Some(number);
            journal.writer.read(number);
        }
    }

    /// A record was read.
    pub(super) fn read(&mut self, number: u64, payload: Result<Vec<u8>, JournalError>) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.reading = None;
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) if is_passing(&error) => {
                if !std::mem::replace(&mut journal.is_unreadable, true) {
                    tracing::error!(%error, "the journal cannot be read now; it is tried again");
                }
                let again = Instant::now().checked_add(READ_AGAIN);
                journal.read_again = journal.read_again.or(again);
                journal.unreadable.insert(number);
                return;
            }
            Err(error) => {
                tracing::error!(%error, "a record of the journal is lost");
                return self.lose(number);
            }
        };
        journal.is_unreadable = false;
        let batch = match record_format::read(&payload, &mut journal.defaults) {
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
        queued.is_repeated = on_disk.is_repeated;
        queued.durability = Durability::Durable;
        if !on_disk.is_counted() {
            self.ledger.restored(queued.amount());
        }
        if queued.is_repeated && queued.batch.delivery() == Mode::AtMostOnce {
            let settled = vec![queued.settled(Outcome::Ambiguous)];
            let rest = None;
            self.conclude(number, queued.durability, Verdict { settled, rest });
        } else {
            self.queue.push(queued);
        }
    }

    /// What was on disk alone is gone.
    pub(super) fn lose(&mut self, number: u64) {
        if let Some(on_disk) = self.queue.take_from_disk(number) {
            self.ledger.books().lost_records += 1;
            self.settle(number, &on_disk.lost());
            // Whatever is there under its number.
            self.discard(number, Durability::Outdated);
        }
    }
}

/// Whether it says nothing of the record.
fn is_passing(error: &JournalError) -> bool {
    match error {
        JournalError::Io { reason, .. } => reason.kind() != std::io::ErrorKind::NotFound,
        JournalError::Closed { .. } => true,
        _ => false,
    }
}
