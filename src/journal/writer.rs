//! A journal for async code.
//!
//! A thread of its own has the journal and does one command after the other, in the order of the
//! calls. It reports each in the same order. `spawn_blocking` for each operation would need a lock around the journal,
//! which keeps no order, and a runtime that is shut down drops what it has not begun.

use crate::journal::{Dropped, Journal, JournalError, Written};
use metrics_timeit::uncounted;
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
    fn of_all(done: Done) -> Self {
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
enum Waiting {
    Write { payload: Vec<u8>, is_begun: bool },
    Mark,
}

/// What the thread and its front share.
#[derive(Debug, Default)]
struct Shared {
    /// Calls that have not begun, by number.
    waiting: Mutex<HashMap<u64, Waiting>>,
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
    commands: Option<mpsc::Sender<(u64, u64, Command)>>,
    reports: reports::UnboundedReceiver<Report>,
    ended: Option<oneshot::Receiver<()>>,
    /// The same for who cannot await it: nothing is sent, and the other end is dropped.
    end: mpsc::Receiver<()>,
    patience: Duration,
    /// How many calls there were.
    calls: u64,
    /// How many of them were reported.
    reported: u64,
    is_closed: bool,
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
            for (number, call, command) in queue {
                let lost = journal.see_to_folder();
                if !lost.is_empty() {
                    let done = Done::FolderRemoved(lost);
                    _ = to_front.send(Report::of_all(done));
                }
                let done = theirs.perform(&mut journal, number, call, command);
                let report = Report { number, call, done };
                journal.remove_left();
                theirs.bytes.store(journal.bytes(), Ordering::Relaxed);
                // Nobody may listen any more.
                _ = to_front.send(report);
            }
            journal.remove_left();
            theirs.bytes.store(journal.bytes(), Ordering::Relaxed);
            drop(journal);
            _ = at_end.send(());
        };
        let thread = thread::Builder::new().name("cloudwatch-journal".into());
        thread
            .spawn(|| uncounted(run))
            .map_err(|reason| JournalError::io("start the thread for", &dir, reason))?;
        Ok(Self {
            dir,
            shared,
            commands: Some(commands),
            reports,
            ended: Some(ended),
            end,
            patience: PATIENCE,
            calls: 0,
            reported: 0,
            is_closed: false,
            is_failing: false,
            is_slow: false,
        })
    }

    /// [`Journal::write`], unless it is cancelled before; gives the number of the call.
    pub(crate) fn write(&mut self, number: u64, payload: Vec<u8>, is_begun: bool) -> u64 {
        let bytes = &self.shared.writing_bytes;
        bytes.fetch_add(payload.len(), Ordering::Relaxed);
        let waiting = Waiting::Write { payload, is_begun };
        self.call_unless_cancelled(number, waiting, Command::Write)
    }

    /// [`Journal::mark`], unless it is cancelled before; gives the number of the call.
    pub(crate) fn mark(&mut self, number: u64) -> u64 {
        self.call_unless_cancelled(number, Waiting::Mark, Command::Mark)
    }

    /// Whether it is sure now that this write or mark does not happen. A payload is gone then.
    pub(crate) fn cancel(&mut self, call: u64) -> bool {
        let cancelled = self.shared.waiting.lock().remove(&call);
        if let Some(Waiting::Write { payload, .. }) = &cancelled {
            let bytes = &self.shared.writing_bytes;
            bytes.fetch_sub(payload.len(), Ordering::Relaxed);
        }
        cancelled.is_some()
    }

    pub(crate) fn read(&mut self, number: u64) {
        self.call(number, Command::Read);
    }

    /// [`Journal::withdraw`]; gives the number of the call.
    pub(crate) fn withdraw(&mut self, number: u64) -> u64 {
        self.call(number, Command::Withdraw)
    }

    pub(crate) fn unmark(&mut self, number: u64) {
        self.call(number, Command::Unmark);
    }

    /// [`Journal::discard`].
    pub(crate) fn remove(&mut self, number: u64) {
        self.call(number, Command::Remove);
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
    pub(crate) fn gave_up_waiting(&mut self) {
        self.is_slow = true;
        let dir = self.dir.clone();
        self.fails(&JournalError::Slow { dir });
    }

    /// More comes than the disk takes.
    pub(crate) fn fell_behind(&mut self) {
        let dir = self.dir.clone();
        self.fails(&JournalError::Behind { dir });
    }

    /// Whether all calls were reported, or nobody does what they ask for.
    pub(crate) fn is_done(&self) -> bool {
        self.is_closed || self.reported == self.calls
    }

    /// What was done and not reported yet.
    pub(crate) fn try_next(&mut self) -> Option<Report> {
        let report = self.reports.try_recv().ok()?;
        Some(self.hear(report))
    }

    /// What is done next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Report {
        let Some(report) = self.reports.recv().await else {
            if self.is_closed {
                return std::future::pending().await;
            }
            // A panic there.
            let error = self.closed();
            self.fails(&error);
            (self.is_closed, self.is_slow) = (true, true);
            return Report::of_all(Done::Closed);
        };
        self.hear(report)
    }

    fn hear(&mut self, report: Report) -> Report {
        self.reported += 1;
        self.is_slow = false;
        match &report.done {
            Done::Written(written) => match &written.error {
                Some(error) => self.fails(error),
                None if std::mem::take(&mut self.is_failing) => {
                    tracing::info!("the journal takes data again");
                }
                None => {}
            },
            // Unmarked too late is no fault of the disk.
            Done::Changed(Err(JournalError::NoSuchRecord { .. })) => {}
            Done::Marked(Err(error)) | Done::Withdrawn(Err(error)) | Done::Changed(Err(error)) => {
                self.fails(error);
            }
            _ => {}
        }
        report
    }

    /// The end was waited for long enough.
    pub(crate) fn hurry(&mut self) {
        self.patience = Duration::ZERO;
    }

    /// Waits until all that was queued is done, and says what was; nothing is queued any more.
    pub(crate) fn finish(&mut self) -> Vec<Report> {
        self.commands = None;
        // A panic there was told to whom it concerned.
        if let Err(mpsc::RecvTimeoutError::Timeout) = self.end.recv_timeout(self.patience) {
            self.patience = Duration::ZERO;
        }
        std::iter::from_fn(|| self.try_next()).collect()
    }

    /// Waits until all that was queued is done and the lock is free.
    pub(crate) async fn close(&mut self) -> Result<(), JournalError> {
        self.commands = None;
        let Some(ended) = self.ended.take() else {
            return Ok(());
        };
        let Ok(ended) = tokio::time::timeout(self.patience, ended).await else {
            // It was waited for: not again, and not here.
            self.patience = Duration::ZERO;
            let dir = self.dir.clone();
            return Err(JournalError::Slow { dir });
        };
        ended.map_err(|_| self.closed())
    }

    /// Says it once, until it goes well again.
    fn fails(&mut self, error: &JournalError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(error = %error.with_reason(), "the journal cannot take data; they are in memory alone");
        }
    }

    fn call_unless_cancelled(&mut self, number: u64, waiting: Waiting, command: Command) -> u64 {
        let call = self.calls + 1;
        self.shared.waiting.lock().insert(call, waiting);
        self.call(number, command)
    }

    fn call(&mut self, number: u64, command: Command) -> u64 {
        self.calls += 1;
        if let Some(commands) = &self.commands {
            // If the thread is gone, so are its reports, which say it.
            _ = commands.send((number, self.calls, command));
        }
        self.calls
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

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}
