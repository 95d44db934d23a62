//! What an application holds: flush, shut down, look at the accounts.

use super::flush::{FlushReport, Reply};
use super::intake::Intake;
use super::stats::{Ledger, Stats};
use crate::error::Stopped;
use crate::put::{Datum, PutError};
use std::sync::Arc;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot};

pub(super) enum Command {
    Flush(Reply),
    Shutdown(Reply),
}

/// Controls a running exporter. Clones control the same one.
///
/// Dropping the last one flushes on a best effort: what was recorded so far is sent at once, but
/// nobody waits for it, so a process that ends then loses it. Call
/// [`shutdown`](Self::shutdown) to be sure. The exporter goes on as long as there is a recorder, which
/// with a global one is for ever.
#[derive(Clone, Debug)]
#[must_use = "hold it, and call shutdown before the process ends"]
pub struct CloudWatchHandle {
    commands: mpsc::UnboundedSender<Command>,
    ledger: Arc<Ledger>,
    intake: Arc<Intake>,
}

impl CloudWatchHandle {
    pub(super) fn new(
        commands: mpsc::UnboundedSender<Command>,
        ledger: Arc<Ledger>,
        intake: Arc<Intake>,
    ) -> Self {
        Self {
            commands,
            ledger,
            intake,
        }
    }

    /// Takes a datum of the application's own, to be sent with all others: at the end of the window,
    /// with a flush, or as soon as there is enough for a full request. It shares their queue,
    /// retries and reports.
    ///
    /// ```no_run
    /// # fn example(cloudwatch: metrics_exporter_cloudwatch::CloudWatchHandle)
    /// # -> Result<(), metrics_exporter_cloudwatch::PutError> {
    /// use metrics_exporter_cloudwatch::{Datum, StandardUnit};
    ///
    /// cloudwatch.put(Datum::value("latency", 11.25).with_unit(StandardUnit::Milliseconds))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If CloudWatch would not take the datum, if there is no room for it, or if the exporter was shut
    /// down. Nothing is queued then.
    pub fn put(&self, datum: Datum) -> Result<(), PutError> {
        self.intake.put(datum)
    }

    /// Sends everything that was recorded before the call, and waits until it is delivered,
    /// refused or dropped, or the [time for it](crate::CloudWatchBuilder::with_flush_timeout) is
    /// up. The report says which.
    ///
    /// The data are stamped with the start of the current window, as all the others of this window
    /// will be; CloudWatch adds them up.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the exporter does not run any more. If it does not run *yet*, this waits.
    pub async fn flush(&self) -> Result<FlushReport, Stopped> {
        self.ask(Command::Flush).await
    }

    /// [`flush`](Self::flush) for where there is no async; blocks this thread.
    ///
    /// Do not call it within a current-thread runtime that the exporter runs on: it would wait for
    /// itself. Within a multi-thread runtime another thread takes over meanwhile.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn flush_blocking(&self) -> Result<FlushReport, Stopped> {
        self.ask_blocking(Command::Flush)
    }

    /// Flushes as [`flush`](Self::flush) does, and stops the exporter. What is recorded after that
    /// goes nowhere.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the exporter does not run any more.
    pub async fn shutdown(&self) -> Result<FlushReport, Stopped> {
        self.ask(Command::Shutdown).await
    }

    /// [`shutdown`](Self::shutdown) for where there is no async; blocks this thread, see
    /// [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(&self) -> Result<FlushReport, Stopped> {
        self.ask_blocking(Command::Shutdown)
    }

    /// What became of everything that was recorded since the start and is drained by now.
    pub fn stats(&self) -> Stats {
        self.ledger.stats()
    }

    async fn ask(&self, command: fn(Reply) -> Command) -> Result<FlushReport, Stopped> {
        let (reply, report) = oneshot::channel();
        self.send(command(Box::new(|report| {
            // Whoever asked may have gone.
            let _ = reply.send(report);
        })))?;
        report.await.map_err(|_| Stopped)
    }

    fn ask_blocking(&self, command: fn(Reply) -> Command) -> Result<FlushReport, Stopped> {
        let (reply, report) = std::sync::mpsc::sync_channel(1);
        self.send(command(Box::new(move |report| {
            let _ = reply.send(report);
        })))?;
        let wait = || report.recv().map_err(|_| Stopped);
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            // The exporter may be the next task of this very thread.
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
            _ => wait(),
        }
    }

    fn send(&self, command: Command) -> Result<(), Stopped> {
        self.commands.send(command).map_err(|_| Stopped)
    }
}
