//! What the journal's thread does: one command after the other, each reported in the order of the calls.

use crate::journal::{Dropped, Journal, JournalError, Written};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::mpsc::UnboundedSender;

#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Write,
    Read,
    Mark,
    Withdraw,
    Unmark,
    Remove,
}

/// What was done about the record of a number, by the call of that number.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) number: u64,
    pub(crate) call: u64,
    pub(crate) done: Done,
}

impl Report {
    pub(super) fn of_all(done: Done) -> Self {
        let (number, call) = (0, 0);
        Self { number, call, done }
    }
}

#[derive(Debug)]
pub(crate) enum Done {
    Written(Written),
    Read(Result<Vec<u8>, JournalError>),
    /// Whether there is a record, and so a mark.
    Marked(Result<bool, JournalError>),
    Withdrawn(Result<(), JournalError>),
    /// Unmarked or removed.
    Changed(Result<(), JournalError>),
    /// The folder was removed, and these records with it. It has no number.
    FolderRemoved(Vec<Dropped>),
    /// Nothing: it was cancelled.
    Cancelled,
    /// The thread is gone, and nothing is done any more. It has no number.
    Closed,
}

/// A call that can be cancelled.
#[derive(Debug)]
pub(super) enum Waiting {
    Write { payload: Vec<u8>, is_begun: bool },
    Mark,
}

/// What the thread and its front share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Calls that have not begun, by number.
    pub(super) waiting: Mutex<HashMap<u64, Waiting>>,
    /// Bytes of payloads in memory.
    pub(super) writing_bytes: AtomicUsize,
    /// Bytes on disk.
    pub(super) bytes: AtomicU64,
}

impl Shared {
    /// Does what a call asks for, and reports it.
    pub(super) fn obey(
        &self,
        journal: &mut Journal,
        (number, call, command): (u64, u64, Command),
        reports: &UnboundedSender<Report>,
    ) {
        let lost = journal.see_to_folder();
        if !lost.is_empty() {
            let done = Done::FolderRemoved(lost);
            _ = reports.send(Report::of_all(done));
        }
        let done = self.perform(journal, number, call, command);
        self.tidy(journal);
        // Nobody may listen any more.
        _ = reports.send(Report { number, call, done });
    }

    pub(super) fn tidy(&self, journal: &mut Journal) {
        journal.remove_left();
        self.bytes.store(journal.bytes(), Ordering::Relaxed);
    }

    fn perform(&self, journal: &mut Journal, number: u64, call: u64, command: Command) -> Done {
        match command {
            Command::Write => match self.begin(call) {
                Some(Waiting::Write { payload, is_begun }) => {
                    let written = journal.write(number, &payload, is_begun);
                    let bytes = &self.writing_bytes;
                    bytes.fetch_sub(payload.len(), Ordering::Relaxed);
                    Done::Written(written)
                }
                _ => Done::Cancelled,
            },
            Command::Mark => match self.begin(call) {
                Some(_) if journal.has(number) => Done::Marked(journal.mark(number).map(|()| true)),
                Some(_) => Done::Marked(Ok(false)),
                None => Done::Cancelled,
            },
            Command::Read => {
                let payload = journal.read(number);
                // It could not be read when the journal was opened.
                if let Err(JournalError::LaterVersion { .. }) = payload {
                    journal.forget(number);
                }
                Done::Read(payload)
            }
            Command::Withdraw => Done::Withdrawn(journal.withdraw(number)),
            Command::Unmark => Done::Changed(journal.unmark(number)),
            Command::Remove => Done::Changed(journal.discard(number)),
        }
    }

    /// From now on the call cannot be cancelled; none if it was.
    fn begin(&self, call: u64) -> Option<Waiting> {
        self.waiting.lock().remove(&call)
    }
}
