//! A spool for async code.
//!
//! A thread of its own has the spool and does one command after the other, in the order of the
//! calls. `spawn_blocking` for each operation would need a lock around the spool, which keeps no
//! order, and a runtime that is shut down drops what it has not begun.

use crate::journal::ticket::{Place, Ticket};
use crate::journal::{AppendError, Appended, EntryId, Spool, SpoolError};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a disk may take before it is given up: a flush by default has twice this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

type Command = Box<dyn FnOnce(&mut Spool) + Send>;

/// Every call is queued at once and done, in order, whether its future is awaited or not. The
/// queue has no bound of its own.
///
/// When it is dropped it blocks until all that was queued is done; [`close`](Self::close) waits
/// for the same and does not block. Either has [`PATIENCE`] with a disk that hangs, and then leaves
/// the thread alone, which goes on as long as the process does.
#[derive(Debug)]
pub(crate) struct SpoolThread {
    dir: PathBuf,
    /// None once it ends.
    commands: Option<mpsc::Sender<Command>>,
    ended: Option<oneshot::Receiver<()>>,
    /// The same for who cannot await it: nothing is sent, and the other end is dropped.
    end: mpsc::Receiver<()>,
    patience: Duration,
}

impl SpoolThread {
    /// Hands a spool over to a thread of its own.
    pub(crate) fn start(spool: Spool) -> Result<Self, SpoolError> {
        let dir = spool.dir.clone();
        let (commands, queue) = mpsc::channel::<Command>();
        let (at_end, ended) = oneshot::channel();
        let (at_end_too, end) = mpsc::channel();
        let run = move || {
            // Dropped after the spool, in a panic, too: locals go in reverse.
            let _at_end = at_end_too;
            let mut spool = spool;
            for command in queue {
                command(&mut spool);
            }
            drop(spool);
            // Nobody may wait any more.
            _ = at_end.send(());
        };
        let thread = thread::Builder::new().name("cloudwatch-spool".into());
        thread
            .spawn(run)
            .map_err(|reason| SpoolError::io("start the thread for", &dir, reason))?;
        Ok(Self {
            dir,
            commands: Some(commands),
            ended: Some(ended),
            end,
            patience: PATIENCE,
        })
    }

    /// As [`Spool::append`] or [`Spool::replace`], unless the ticket is cancelled before it is written.
    pub(crate) fn append(
        &self,
        replaces: Option<Place>,
        payload: Vec<u8>,
    ) -> (
        Ticket,
        impl Future<Output = Result<Appended, AppendError>> + Send + use<>,
    ) {
        let ticket = Ticket::new(payload);
        let done = self.call({
            let ticket = ticket.clone();
            move |spool| {
                let old = replaces.and_then(|old| old.id());
                let Some(payload) = ticket.take() else {
                    _ = old.map(|old| spool.remove(old));
                    return None;
                };
                let appended = match old {
                    Some(old) => spool.replace(old, &payload),
                    None => spool.append(&payload),
                };
                if let Ok(Appended { id, .. }) = &appended {
                    ticket.written(*id);
                }
                Some(appended)
            }
        });
        let dir = self.dir.clone();
        let done = async move {
            let failed = |reason| AppendError {
                dropped: Vec::new(),
                reason,
            };
            let appended = done.await.map_err(failed)?;
            appended.unwrap_or_else(|| Err(failed(SpoolError::Slow { dir })))
        };
        (ticket, done)
    }

    /// As [`Spool::read`].
    pub(crate) fn read(
        &self,
        id: EntryId,
    ) -> impl Future<Output = Result<Vec<u8>, SpoolError>> + Send + use<> {
        let done = self.call(move |spool| spool.read(id));
        async move { done.await? }
    }

    /// As [`Spool::mark`].
    pub(crate) fn mark(
        &self,
        id: EntryId,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let done = self.call(move |spool| spool.mark(id));
        async move { done.await? }
    }

    /// As [`Spool::mark_or_withdraw`] if that `is_strict`, else as [`Spool::mark`].
    pub(crate) fn begin(
        &self,
        id: EntryId,
        is_strict: bool,
    ) -> impl Future<Output = Result<bool, SpoolError>> + Send + use<> {
        let done = self.call(move |spool| {
            if is_strict {
                spool.mark_or_withdraw(id)
            } else {
                spool.mark(id).map(|()| true)
            }
        });
        async move { done.await? }
    }

    /// As [`Spool::unmark`].
    pub(crate) fn unmark(
        &self,
        id: EntryId,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let done = self.call(move |spool| spool.unmark(id));
        async move { done.await? }
    }

    /// As [`Spool::remove`]; an entry that was never written is gone already.
    pub(crate) fn remove(
        &self,
        place: Place,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let done = self.call(move |spool| place.id().map_or(Ok(()), |id| spool.remove(id)));
        async move { done.await? }
    }

    /// [`Spool::bytes`], after all calls before this one.
    pub(crate) fn usage(&self) -> impl Future<Output = Result<u64, SpoolError>> + Send + use<> {
        self.call(|spool| spool.bytes())
    }

    /// Waits until all that was queued is done and the lock is free.
    pub(crate) async fn close(mut self) -> Result<(), SpoolError> {
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

    /// Queued when this returns, not when the future is polled.
    pub(crate) fn call<T, F>(
        &self,
        command: F,
    ) -> impl Future<Output = Result<T, SpoolError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Spool) -> T + Send + 'static,
    {
        let (reply, done) = oneshot::channel();
        let command: Command = Box::new(move |spool| _ = reply.send(command(spool)));
        if let Some(commands) = &self.commands {
            // If the thread is gone, so is the reply's sender, and the future says it.
            _ = commands.send(command);
        }
        let closed = self.closed();
        async move { done.await.map_err(|_| closed) }
    }

    pub(crate) fn slow(&self) -> SpoolError {
        let dir = self.dir.clone();
        SpoolError::Slow { dir }
    }

    fn closed(&self) -> SpoolError {
        let dir = self.dir.clone();
        SpoolError::Closed { dir }
    }

    #[cfg(test)]
    pub(crate) fn without_patience(mut self) -> Self {
        self.patience = Duration::ZERO;
        self
    }
}

impl Drop for SpoolThread {
    fn drop(&mut self) {
        self.commands = None;
        // A panic there was told to whom it concerned.
        _ = self.end.recv_timeout(self.patience);
    }
}
