//! A journal for async code.
//!
//! A thread of its own has the journal and does one command after the other, in the order of the
//! calls. It reports each in the same order. `spawn_blocking` for each operation would need a lock around the journal,
//! which keeps no order, and a runtime that is shut down drops what it has not begun.

use crate::journal::{Journal, JournalError, Written};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc as reports, oneshot};

/// How long a disk may take before it is given up: a flush by default has twice this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of memory that may wait for the disk; what comes then is not written.
pub(crate) const MAX_WRITING_BYTES: usize = 16 * 1024 * 1024;

#[derive(Clone, Copy, Debug)]
enum Command {
    /// The payload is among those that wait, unless the write was cancelled.
    Write {
        number: u64,
        write: u64,
    },
    Read(u64),
    Mark {
        number: u64,
        is_strict: bool,
    },
    Unmark(u64),
    Remove(u64),
}

/// What was done.
#[derive(Debug)]
pub(crate) enum Report {
    /// Nothing, if the write was cancelled.
    Written {
        number: u64,
        write: u64,
        written: Option<Written>,
    },
    Read(u64, Result<Vec<u8>, JournalError>),
    /// Whether the record is on disk, marked.
    Marked(u64, Result<bool, JournalError>),
    /// Unmarked or removed.
    Changed(Result<(), JournalError>),
}

/// What the thread and its front share.
#[derive(Debug, Default)]
struct Shared {
    /// What waits to be written, by the number of the write: payload, and whether an attempt has begun.
    waiting: Mutex<HashMap<u64, (Vec<u8>, bool)>>,
    /// Bytes of payloads in memory.
    writing_bytes: AtomicUsize,
    /// Bytes on disk.
    bytes: AtomicU64,
}

/// The front. Every call is queued at once. The queue has no bound of its own.
///
/// When it is dropped it blocks until all that was queued is done; [`close`](Self::close) waits
/// for the same and does not block. Either has [`PATIENCE`] with a disk that hangs, and then leaves
/// the thread alone, which goes on as long as the process does.
#[derive(Debug)]
pub(crate) struct Writer {
    dir: PathBuf,
    shared: Arc<Shared>,
    /// None once it ends.
    commands: Option<mpsc::Sender<Command>>,
    reports: reports::UnboundedReceiver<Report>,
    ended: Option<oneshot::Receiver<()>>,
    /// The same for who cannot await it: nothing is sent, and the other end is dropped.
    end: mpsc::Receiver<()>,
    patience: Duration,
    /// How many writes there were.
    writes: u64,
    is_failing: bool,
    /// The disk has not answered for too long.
    is_slow: bool,
}

impl Writer {
    /// Hands a journal over to a thread of its own.
    pub(crate) fn start(journal: Journal) -> Result<Self, JournalError> {
        let dir = journal.dir.clone();
        let shared = Arc::<Shared>::default();
        shared.bytes.store(journal.bytes(), Ordering::Relaxed);
        let (commands, queue) = mpsc::channel();
        let (to_front, reports) = reports::unbounded_channel();
        let (at_end, ended) = oneshot::channel();
        let (at_end_too, end) = mpsc::channel::<()>();
        let theirs = Arc::clone(&shared);
        let run = move || {
            // Dropped after the journal, in a panic, too: locals go in reverse.
            let _at_end = at_end_too;
            let mut journal = journal;
            for command in queue {
                let report = theirs.perform(&mut journal, command);
                theirs.bytes.store(journal.bytes(), Ordering::Relaxed);
                // Nobody may listen any more.
                _ = to_front.send(report);
            }
            drop(journal);
            _ = at_end.send(());
        };
        let thread = thread::Builder::new().name("cloudwatch-journal".into());
        thread
            .spawn(run)
            .map_err(|reason| JournalError::io("start the thread for", &dir, reason))?;
        Ok(Self {
            dir,
            shared,
            commands: Some(commands),
            reports,
            ended: Some(ended),
            end,
            patience: PATIENCE,
            writes: 0,
            is_failing: false,
            is_slow: false,
        })
    }

    /// [`Journal::write`], unless it is cancelled before; gives the number of the write.
    pub(crate) fn write(&mut self, number: u64, payload: Vec<u8>, is_begun: bool) -> u64 {
        self.writes += 1;
        let write = self.writes;
        let bytes = payload.len();
        self.shared
            .writing_bytes
            .fetch_add(bytes, Ordering::Relaxed);
        let waiting = &self.shared.waiting;
        waiting.lock().insert(write, (payload, is_begun));
        self.call(Command::Write { number, write });
        write
    }

    /// Whether it is sure now that this write does not happen. The payload is gone then.
    pub(crate) fn cancel(&mut self, write: u64) -> bool {
        let cancelled = self.shared.waiting.lock().remove(&write);
        if let Some((payload, _)) = &cancelled {
            let bytes = &self.shared.writing_bytes;
            bytes.fetch_sub(payload.len(), Ordering::Relaxed);
        }
        cancelled.is_some()
    }

    pub(crate) fn read(&self, number: u64) {
        self.call(Command::Read(number));
    }

    /// [`Journal::mark_or_withdraw`]s it if that `is_strict`, else [`Journal::mark`]s it.
    pub(crate) fn mark(&self, number: u64, is_strict: bool) {
        self.call(Command::Mark { number, is_strict });
    }

    pub(crate) fn unmark(&self, number: u64) {
        self.call(Command::Unmark(number));
    }

    pub(crate) fn remove(&self, number: u64) {
        self.call(Command::Remove(number));
    }

    /// Whether the disk is not too far behind to be given more.
    pub(crate) fn has_time(&self) -> bool {
        self.writing_bytes() < MAX_WRITING_BYTES
    }

    /// Bytes of memory of what is being written.
    pub(crate) fn writing_bytes(&self) -> usize {
        self.shared.writing_bytes.load(Ordering::Relaxed)
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Whether the disk has not answered for too long.
    pub(crate) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// The disk was waited for, and does not answer.
    pub(crate) fn is_late(&mut self) {
        self.is_slow = true;
        self.is_behind();
    }

    /// More comes than the disk takes.
    pub(crate) fn is_behind(&mut self) {
        let error = self.slow();
        self.fails(&error);
    }

    /// What is done next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Report {
        let Some(report) = self.reports.recv().await else {
            // A panic there, and nothing is written any more.
            let error = self.closed();
            self.fails(&error);
            self.is_slow = true;
            return std::future::pending().await;
        };
        self.is_slow = false;
        match &report {
            Report::Written {
                written: Some(written),
                ..
            } => match &written.error {
                Some(error) => self.fails(error),
                None if std::mem::take(&mut self.is_failing) => {
                    tracing::info!("the journal takes data again");
                }
                None => {}
            },
            // Unmarked too late is no fault of the disk.
            Report::Changed(Err(JournalError::NoSuchRecord { .. })) => {}
            Report::Marked(_, Err(error)) | Report::Changed(Err(error)) => self.fails(error),
            _ => {}
        }
        report
    }

    /// Waits until all that was queued is done and the lock is free.
    pub(crate) async fn close(mut self) -> Result<(), JournalError> {
        self.commands = None;
        let Some(ended) = self.ended.take() else {
            return Ok(());
        };
        let Ok(ended) = tokio::time::timeout(self.patience, ended).await else {
            // It was waited for: not again, and not here.
            self.patience = Duration::ZERO;
            return Err(self.slow());
        };
        ended.map_err(|_| self.closed())
    }

    /// Says it once, until it goes well again.
    fn fails(&mut self, error: &JournalError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(%error, "the journal cannot take data; they are in memory alone");
        }
    }

    fn call(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // If the thread is gone, so are its reports, which say it.
            _ = commands.send(command);
        }
    }

    fn slow(&self) -> JournalError {
        let dir = self.dir.clone();
        JournalError::Slow { dir }
    }

    fn closed(&self) -> JournalError {
        let dir = self.dir.clone();
        JournalError::Closed { dir }
    }

    #[cfg(test)]
    pub(crate) fn without_patience(mut self) -> Self {
        self.patience = Duration::ZERO;
        self
    }
}

impl Shared {
    fn perform(&self, journal: &mut Journal, command: Command) -> Report {
        match command {
            Command::Write { number, write } => {
                let taken = self.waiting.lock().remove(&write);
                let written = taken.map(|(payload, is_begun)| {
                    let written = journal.write(number, &payload, is_begun);
                    self.writing_bytes
                        .fetch_sub(payload.len(), Ordering::Relaxed);
                    written
                });
                Report::Written {
                    number,
                    write,
                    written,
                }
            }
            Command::Read(number) => Report::Read(number, journal.read(number)),
            Command::Mark { number, is_strict } => {
                let marked = if is_strict {
                    journal.mark_or_withdraw(number)
                } else if journal.has(number) {
                    journal.mark(number).map(|()| true)
                } else {
                    Ok(false)
                };
                Report::Marked(number, marked)
            }
            Command::Unmark(number) => Report::Changed(journal.unmark(number)),
            Command::Remove(number) => Report::Changed(journal.remove(number)),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        // A panic there was told to whom it concerned.
        _ = self.end.recv_timeout(self.patience);
    }
}
