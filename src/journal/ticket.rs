//! An append that was asked for, and its entry once there is one.

use crate::journal::EntryId;
use parking_lot::Mutex;
use std::sync::Arc;

/// Stands for an entry before it has an id.
#[derive(Clone, Debug)]
pub(crate) struct Ticket(Arc<Mutex<Stage>>);

#[derive(Debug)]
enum Stage {
    Queued(Vec<u8>),
    /// It is being written, was cancelled, or could not be written.
    Taken,
    Written(EntryId),
}

/// An entry, or one that is to be.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Id(EntryId),
    Ticket(Ticket),
}

impl Ticket {
    pub(crate) fn new(payload: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Stage::Queued(payload))))
    }

    /// Whether it is sure now that nothing is written. The payload is gone then.
    pub(crate) fn cancel(&self) -> bool {
        self.take().is_some()
    }

    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        let mut stage = self.0.lock();
        match std::mem::replace(&mut *stage, Stage::Taken) {
            Stage::Queued(payload) => Some(payload),
            other => {
                *stage = other;
                None
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn is_taken(&self) -> bool {
        !matches!(*self.0.lock(), Stage::Queued(_))
    }

    pub(crate) fn written(&self, id: EntryId) {
        *self.0.lock() = Stage::Written(id);
    }
}

impl Place {
    /// Known to the thread once it is done with the append.
    pub(crate) fn id(&self) -> Option<EntryId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Ticket(ticket) => match *ticket.0.lock() {
                Stage::Written(id) => Some(id),
                Stage::Queued(_) | Stage::Taken => None,
            },
        }
    }
}
