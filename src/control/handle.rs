//! What an application holds: flush, shut down, look at the accounts.

use crate::collect::explicit_data::{ExplicitDatum, PutError};
use crate::control::collectors;
use crate::control::error::FlushError;
use crate::control::flush::Reply;
use crate::control::shared::Shared;
use crate::model::refusal::Refused;
use crate::report::flush_report::FlushReport;
use crate::report::stats::Stats;
use std::convert::Infallible;
use std::time::Duration;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::{mpsc, oneshot};

pub(crate) enum Command {
    Flush(Option<Duration>, Reply),
    Shutdown(Option<Duration>, Reply),
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
    shared: Shared,
    /// Closes when the last clone is gone, which tells the exporter that nobody will ask any more.
    _alive: mpsc::Sender<Infallible>,
}

impl CloudWatchHandle {
    pub(crate) fn new(shared: Shared, alive: mpsc::Sender<Infallible>) -> Self {
        Self {
            shared,
            _alive: alive,
        }
    }

    /// Takes a datum of the application's own, to be sent with all others: at the end of the window,
    /// with a flush, or as soon as there is enough for a full request. It shares their queue,
    /// retries and reports.
    ///
    /// ```no_run
    /// # fn example(cloudwatch: metrics_exporter_cloudwatch::CloudWatchHandle)
    /// # -> Result<(), metrics_exporter_cloudwatch::PutError> {
    /// use metrics_exporter_cloudwatch::{ExplicitDatum, Unit};
    ///
    /// cloudwatch.put(ExplicitDatum::value("latency", 11.25).with_unit(Unit::Milliseconds))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If CloudWatch would not take the datum, if there is no room for it, or if the exporter was shut
    /// down. Nothing is queued then.
    pub fn put(&self, datum: ExplicitDatum) -> Result<(), PutError> {
        if self.shared.running.is_elsewhere() {
            return Err(PutError::Stopped);
        }
        self.shared.intake.put(datum)
    }

    /// Sends everything that was recorded before the call, and waits until it is delivered,
    /// refused or dropped, or the [time for it](crate::CloudWatchBuilder::with_flush_timeout) is
    /// up. The report says which. What this process had to leave to the
    /// [journal](crate::CloudWatchBuilder::with_journal) is waited for, what an earlier one left there is not.
    ///
    /// The data are stamped with the start of the current window, as all the others of this window
    /// will be; CloudWatch adds them up.
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more.
    pub async fn flush(&self) -> Result<FlushReport, FlushError> {
        self.ask(|reply| Command::Flush(None, reply)).await
    }

    /// [`flush`](Self::flush) with a time of its own: whatever the destination does, the report is there
    /// when it is over.
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more.
    pub async fn flush_within(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.ask(|reply| Command::Flush(Some(timeout), reply)).await
    }

    /// [`flush`](Self::flush) for where there is no async; blocks this thread.
    ///
    /// Within a multi-thread runtime that the exporter runs on, another thread takes over meanwhile.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush); also within a current-thread runtime that the exporter runs on.
    ///
    /// # Panics
    ///
    /// Within a Tokio `LocalSet` on a multi-thread runtime that the exporter runs on.
    pub fn flush_blocking(&self) -> Result<FlushReport, FlushError> {
        self.ask_blocking(|reply| Command::Flush(None, reply))
    }

    /// [`flush_within`](Self::flush_within) for where there is no async; blocks this thread, see
    /// [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Errors
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Panics
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    pub fn flush_blocking_within(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.ask_blocking(|reply| Command::Flush(Some(timeout), reply))
    }

    /// Flushes as [`flush`](Self::flush) does, and stops the exporter: when that is delivered, and what was under way
    /// beside it is answered, or when the time for it is up. With a journal, the report comes when the disk has it
    /// all. What is recorded after that goes nowhere.
    ///
    /// What is under way when the time is up has perhaps arrived: it is `ambiguous` in the report, unless the journal
    /// keeps it. Further calls while it stops are answered, too, each within its own time; once all is settled, with
    /// an error.
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more.
    pub async fn shutdown(&self) -> Result<FlushReport, FlushError> {
        self.ask(|reply| Command::Shutdown(None, reply)).await
    }

    /// [`shutdown`](Self::shutdown) within a time of its own, such as what is left before the process is killed.
    /// Whatever the destination does, the report is there when it is over.
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more.
    pub async fn shutdown_within(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.ask(|reply| Command::Shutdown(Some(timeout), reply))
            .await
    }

    /// [`shutdown`](Self::shutdown) for where there is no async; blocks this thread, see
    /// [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Errors
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Panics
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    pub fn shutdown_blocking(&self) -> Result<FlushReport, FlushError> {
        self.ask_blocking(|reply| Command::Shutdown(None, reply))
    }

    /// [`shutdown_within`](Self::shutdown_within) for where there is no async; blocks this thread, see
    /// [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Errors
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    ///
    /// # Panics
    ///
    /// As [`flush_blocking`](Self::flush_blocking).
    pub fn shutdown_blocking_within(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.ask_blocking(|reply| Command::Shutdown(Some(timeout), reply))
    }

    /// Whether the exporter runs, in this process. It does not before it is [run](crate::CloudWatchExporter::run), and
    /// not any more once it was shut down, its runtime has ended, or its task has panicked.
    pub fn is_running(&self) -> bool {
        self.shared.running.is_running()
    }

    /// What became of everything that was recorded since the start and is drained by now. It takes microseconds, so that a
    /// probe can ask for it.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.shared.ledger)
    }

    /// What was refused since the start, by series and reason: the first 10,000 of them. What the service rejected is
    /// here by its error code, without the message.
    pub fn refusals(&self) -> Vec<Refused> {
        self.shared.ledger.books().refusals.list()
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<FlushReport, FlushError> {
        let (reply, report) = oneshot::channel();
        self.send(command(Box::new(|report| {
            // Whoever asked may have gone.
            let _ = reply.send(report);
        })))?;
        report.await.map_err(|_| self.stopped())
    }

    fn ask_blocking(
        &self,
        command: impl FnOnce(Reply) -> Command,
    ) -> Result<FlushReport, FlushError> {
        let flavor = self.shared.running.shared_with_us();
        if flavor == Some(RuntimeFlavor::CurrentThread) {
            return Err(FlushError::OwnRuntime);
        }
        let (reply, report) = std::sync::mpsc::sync_channel(1);
        self.send(command(Box::new(move |report| {
            let _ = reply.send(report);
        })))?;
        let wait = || report.recv().map_err(|_| self.stopped());
        if flavor == Some(RuntimeFlavor::MultiThread) {
            // The exporter may be the next task of this very thread.
            tokio::task::block_in_place(wait)
        } else {
            wait()
        }
    }

    /// The exporter let go of a command. Its task may still be unwinding from a panic, and end only then.
    fn stopped(&self) -> FlushError {
        self.shared.running.end();
        FlushError::Stopped
    }

    fn send(&self, command: Command) -> Result<(), FlushError> {
        if !self.shared.running.is_called() && !self.shared.commands.is_closed() {
            return Err(FlushError::NotRunning);
        }
        if collectors::is_collecting() {
            return Err(FlushError::WithinSnapshot);
        }
        if self.shared.running.is_elsewhere() {
            return Err(FlushError::Forked);
        }
        let posted = self.shared.commands.post(command, 0, 0);
        posted.map_err(|_| FlushError::Stopped)?;
        self.shared.commands.notify();
        Ok(())
    }
}
