//! A journal for async code.
//!
//! A thread of its own has the journal and does one command after the other, in the order of the
//! calls. It reports each in the same order. `spawn_blocking` for each operation would need a lock around the journal,
//! which keeps no order, and a runtime that is shut down drops what it has not begun.

use crate::journal::disk_pace::{CLOSING_PATIENCE, DROPPING_PATIENCE, DiskPace, PATIENCE};
use crate::journal::journal_log::JournalLog;
use crate::journal::journal_thread::{Command, Done, Report, Shared, Waiting};
use crate::journal::{Journal, JournalError};
use metrics_timeit::uncounted;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc as reports, oneshot};
use tokio::time::Instant;

/// Bytes of memory that may wait for the disk; what comes then is not written.
pub(crate) const MAX_WRITING_BYTES: usize = 16 * 1024 * 1024;

/// The front. Every call is queued at once. The queue has no bound of its own.
///
/// When it is dropped it blocks until all that was queued is done; [`close`](Self::close) waits
/// for the same and does not block. With a disk that does not answer, the one has half a second and the other two; with
/// one that does, [`PATIENCE`]. Then the thread is left alone, which goes on as long as the process does.
#[derive(Debug)]
pub(crate) struct Writer {
    dir: PathBuf,
    shared: Arc<Shared>,
    /// None once it ends.
    commands: Option<mpsc::Sender<(u64, u64, Command)>>,
    reports: reports::UnboundedReceiver<Report>,
    ended: Option<oneshot::Receiver<()>>,
    /// The same for who cannot await it: the other end is dropped then. Before, it tells that something was done.
    end: mpsc::Receiver<()>,
    /// With a disk that does not answer, where that blocks a thread.
    patience: Duration,
    /// Until when a thread may be blocked.
    blocks_until: Option<std::time::Instant>,
    /// How many calls there were.
    calls: u64,
    pace: DiskPace,
    max_writing: usize,
    is_closed: bool,
    log: JournalLog,
}

impl Writer {
    /// Hands a journal over to a thread of its own.
    pub(crate) fn start(journal: Journal) -> Result<Self, JournalError> {
        let dir = journal.dir.clone();
        let log = JournalLog::of(&dir);
        let shared = Arc::<Shared>::default();
        shared.bytes.store(journal.bytes(), Ordering::Relaxed);
        let (commands, queue) = mpsc::channel();
        let (to_front, reports) = reports::unbounded_channel();
        let (at_end, ended) = oneshot::channel();
        let (at_end_too, end) = mpsc::sync_channel::<()>(1);
        let theirs = Arc::clone(&shared);
        let run = move || {
            // Dropped after the journal, in a panic, too: locals go in reverse.
            let at_end_too = at_end_too;
            let mut journal = journal;
            for command in queue {
                theirs.obey(&mut journal, command, &to_front);
                _ = at_end_too.try_send(());
            }
            theirs.tidy(&mut journal);
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
            patience: DROPPING_PATIENCE,
            blocks_until: None,
            calls: 0,
            pace: DiskPace::default(),
            max_writing: MAX_WRITING_BYTES,
            is_closed: false,
            log,
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

    pub(crate) fn log(&mut self) -> &mut JournalLog {
        &mut self.log
    }

    /// Whether the disk is not too far behind to be given more.
    pub(crate) fn has_time(&self) -> bool {
        self.writing_bytes() < self.max_writing
    }

    /// Bytes of memory of what is being written.
    pub(crate) fn writing_bytes(&self) -> usize {
        self.shared.writing_bytes.load(Ordering::Relaxed)
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Whether nothing waits for the disk that need not.
    pub(crate) fn is_slow(&self) -> bool {
        self.pace.is_slow || self.pace.is_hanging
    }

    /// Whether the disk has not answered for too long.
    pub(crate) fn is_hanging(&self) -> bool {
        self.pace.is_hanging
    }

    /// Whether nothing is done any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The disk was waited for, briefly.
    pub(crate) fn lags(&mut self) {
        self.pace.is_slow = true;
    }

    /// The disk was waited for, and does not answer.
    pub(crate) fn hangs(&mut self) {
        self.pace.is_hanging = true;
        let dir = self.dir.clone();
        self.log.fails(&JournalError::Slow { dir });
    }

    /// Notices if the disk does not answer, though nothing had to wait for it.
    pub(crate) fn look(&mut self, now: Instant) {
        let since = self.pace.owes_since();
        if since.is_some_and(|since| now - since >= PATIENCE) && !self.pace.is_hanging {
            self.hangs();
        }
    }

    /// More comes than the disk takes.
    pub(crate) fn fell_behind(&mut self) {
        let dir = self.dir.clone();
        self.log.fails(&JournalError::Behind { dir });
    }

    /// Whether all calls were reported, or nobody does what they ask for.
    pub(crate) fn is_done(&self) -> bool {
        self.is_closed || self.pace.is_idle()
    }

    /// What was done and not reported yet.
    pub(crate) fn try_next(&mut self) -> Option<Report> {
        let report = self.reports.try_recv().ok()?;
        Some(self.hear(report))
    }

    /// What is done next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Report {
        match self.reports.recv().await {
            Some(report) => self.hear(report),
            None if self.is_closed => std::future::pending().await,
            None => self.broke(),
        }
    }

    /// What is done next, where nothing can be awaited; none if all is done, or the disk does not answer.
    pub(crate) fn next_blocking(&mut self) -> Option<Report> {
        loop {
            match self.reports.try_recv() {
                Ok(report) => return Some(self.hear(report)),
                Err(TryRecvError::Disconnected) if !self.is_closed => return Some(self.broke()),
                Err(_) if self.is_done() => return None,
                Err(_) => {}
            }
            match self.block() {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {}
                Err(RecvTimeoutError::Timeout) => return None,
            }
        }
    }

    /// Blocks until something is done; for so long in all, and not again if it was for nothing.
    fn block(&mut self) -> Result<(), RecvTimeoutError> {
        let now = std::time::Instant::now();
        let until = *self.blocks_until.get_or_insert(now + PATIENCE);
        let patience = if self.pace.is_hanging {
            Duration::ZERO
        } else {
            self.patience
        };
        let longest = patience.min(until.saturating_duration_since(now));
        let done = self.end.recv_timeout(longest);
        if done == Err(RecvTimeoutError::Timeout) {
            self.patience = Duration::ZERO;
        }
        done
    }

    /// A panic there.
    fn broke(&mut self) -> Report {
        let error = self.closed();
        self.log.fails(&error);
        self.is_closed = true;
        self.pace.ends();
        Report::of_all(Done::Closed)
    }

    fn hear(&mut self, report: Report) -> Report {
        // Nobody asked whether the folder is there.
        if !matches!(report.done, Done::FolderRemoved(_)) {
            self.pace.answers();
        }
        match &report.done {
            Done::Written(written) => match &written.error {
                Some(error) => self.log.fails(error),
                None => self.log.works(),
            },
            // Unmarked too late is no fault of the disk.
            Done::Changed(Err(JournalError::NoSuchRecord { .. })) => {}
            Done::Marked(Err(error)) | Done::Withdrawn(Err(error)) | Done::Changed(Err(error)) => {
                self.log.fails(error);
            }
            _ => {}
        }
        report
    }

    /// When it has not answered for so long that the end does not wait for it.
    pub(crate) fn closes_at(&self) -> Option<Instant> {
        Some(self.pace.owes_since()? + CLOSING_PATIENCE)
    }

    /// The end was waited for long enough.
    pub(crate) fn hurry(&mut self) {
        self.patience = Duration::ZERO;
    }

    /// Waits until all that was queued is done and the lock is free.
    pub(crate) async fn close(&mut self) -> Result<(), JournalError> {
        self.commands = None;
        let Some(ended) = self.ended.take() else {
            return Ok(());
        };
        let longest = if self.patience.is_zero() {
            Duration::ZERO
        } else {
            CLOSING_PATIENCE
        };
        let Ok(ended) = tokio::time::timeout(longest, ended).await else {
            // It was waited for: not again, and not here.
            self.hurry();
            let dir = self.dir.clone();
            return Err(JournalError::Slow { dir });
        };
        ended.map_err(|_| self.closed())
    }

    fn call_unless_cancelled(&mut self, number: u64, waiting: Waiting, command: Command) -> u64 {
        let call = self.calls + 1;
        self.shared.waiting.lock().insert(call, waiting);
        self.call(number, command)
    }

    fn call(&mut self, number: u64, command: Command) -> u64 {
        self.calls += 1;
        if let Some(commands) = self.commands.as_ref().filter(|_| !self.is_closed) {
            self.pace.asks();
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

    /// With a bound of its own for what may wait for the disk.
    #[cfg(test)]
    pub(crate) fn with_max_writing(mut self, bytes: usize) -> Self {
        self.max_writing = bytes;
        self
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        // A panic there was told to whom it concerned.
        while self.block().is_ok() {}
    }
}
