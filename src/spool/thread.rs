//! A spool for async code.
//!
//! A thread of its own has the spool and does one command after the other, in the order of the
//! calls. `spawn_blocking` for each operation would need a lock around the spool, which keeps no
//! order, and a runtime that is shut down drops what it has not begun.

use super::{AppendError, Appended, EntryId, Spool, SpoolError};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

type Command = Box<dyn FnOnce(&mut Spool) + Send>;

/// Every call is queued at once and done, in order, whether its future is awaited or not. The
/// queue has no bound of its own: who awaits his appends has one payload in it.
///
/// When it is dropped it blocks until all that was queued is done; [`close`](Self::close) waits
/// for the same and does not block.
#[derive(Debug)]
pub(crate) struct SpoolThread {
    dir: PathBuf,
    /// None once it ends.
    commands: Option<mpsc::Sender<Command>>,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SpoolThread {
    /// Hands a spool over to a thread of its own.
    pub(crate) fn start(mut spool: Spool) -> Result<Self, SpoolError> {
        let dir = spool.dir.clone();
        let (commands, queue) = mpsc::channel::<Command>();
        let (at_end, ended) = oneshot::channel();
        let run = move || {
            for command in queue {
                command(&mut spool);
            }
            drop(spool);
            // Nobody may wait any more.
            _ = at_end.send(());
        };
        let thread = thread::Builder::new().name("cloudwatch-spool".into());
        let thread = thread
            .spawn(run)
            .map_err(|reason| SpoolError::io("start the thread for", &dir, reason))?;
        Ok(Self {
            dir,
            commands: Some(commands),
            ended: Some(ended),
            thread: Some(thread),
        })
    }

    /// As [`Spool::append`].
    pub(crate) fn append(
        &self,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<Appended, AppendError>> + Send + use<> {
        let done = self.call(move |spool| spool.append(&payload));
        async move {
            let nothing_dropped = |reason| AppendError {
                dropped: Vec::new(),
                reason,
            };
            done.await.map_err(nothing_dropped)?
        }
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

    /// As [`Spool::unmark`].
    pub(crate) fn unmark(
        &self,
        id: EntryId,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let done = self.call(move |spool| spool.unmark(id));
        async move { done.await? }
    }

    /// As [`Spool::remove`].
    pub(crate) fn remove(
        &self,
        id: EntryId,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send + use<> {
        let done = self.call(move |spool| spool.remove(id));
        async move { done.await? }
    }

    /// [`Spool::bytes`], after all calls before this one.
    pub(crate) fn usage(&self) -> impl Future<Output = Result<u64, SpoolError>> + Send + use<> {
        self.call(|spool| spool.bytes())
    }

    /// Waits until all that was queued is done and the lock is free.
    pub(crate) async fn close(mut self) -> Result<(), SpoolError> {
        self.commands = None;
        match self.ended.take() {
            Some(ended) => ended.await.map_err(|_| self.closed()),
            None => Ok(()),
        }
    }

    /// Queued when this returns, not when the future is polled.
    pub(super) fn call<T, F>(
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

    fn closed(&self) -> SpoolError {
        let dir = self.dir.clone();
        SpoolError::Closed { dir }
    }
}

impl Drop for SpoolThread {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was told to whom it concerned.
            _ = thread.join();
        }
    }
}
