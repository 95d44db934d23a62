//! What an application holds: flush, shut down, look at the accounts.

use crate::collect::explicit_data::{ExplicitDatum, PutError};
use crate::control::collectors;
use crate::control::error::FlushError;
use crate::control::flush::Reply;
use crate::control::flush_call::Flush;
use crate::control::running::Wait;
use crate::control::shared::Shared;
use crate::model::refusal::Refused;
use crate::model::trouble::Trouble;
use crate::report::flush_report::FlushReport;
use crate::report::health::Health;
use crate::report::stats::Stats;
use std::convert::Infallible;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

pub(crate) enum Command {
    /// Of the destination with this number, or of all.
    Flush(Option<usize>, Option<Duration>, Reply),
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

// No lock is held while code of the application's runs, a clock's or a sink's: its panic leaves nothing half done.
impl UnwindSafe for CloudWatchHandle {}
impl RefUnwindSafe for CloudWatchHandle {}

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
    /// Data that are put before the exporter [runs](crate::CloudWatchExporter::run) wait for it, as recorded samples do,
    /// up to the bytes of the [queue](crate::CloudWatchBuilder::with_queue_bytes); each is stamped with the time of its
    /// `put`.
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
    /// It goes to all destinations that take the metric. Where one of several would refuse it, or has no room, that is
    /// counted there, and the others have it.
    ///
    /// # Errors
    ///
    /// If no destination takes the datum: for what is wrong with it, as there is no room for it, or as the exporter was
    /// shut down. Nothing is queued then.
    pub fn put(&self, datum: ExplicitDatum) -> Result<(), PutError> {
        if self.shared.running.is_elsewhere() {
            return Err(PutError::Stopped);
        }
        self.shared.put(datum)
    }

    /// Sends everything that was recorded so far, once the value is awaited or [blocked on](Flush::blocking), and
    /// waits until all of that is delivered, refused or dropped, or the
    /// [time for it](crate::CloudWatchBuilder::with_flush_timeout) is up. The report says which. What this process had to leave
    /// to the [journal](crate::CloudWatchBuilder::with_journal) is waited for, what an earlier one left there is not.
    ///
    /// The data are stamped with the start of the current window, as all the others of this window
    /// will be; CloudWatch adds them up. It flushes all destinations;
    /// [`flush_destination`](Self::flush_destination) flushes one.
    ///
    /// ```no_run
    /// # async fn example(cloudwatch: metrics_exporter_cloudwatch::CloudWatchHandle)
    /// # -> Result<(), metrics_exporter_cloudwatch::FlushError> {
    /// use std::time::Duration;
    ///
    /// let report = cloudwatch.flush().await?;
    /// let in_time = cloudwatch.flush().within(Duration::from_secs(2)).await?;
    /// let without_async = cloudwatch.flush().blocking()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more. [`Flush::blocking`] has one error more.
    pub fn flush(&self) -> Flush {
        Flush::new(self.clone(), None, false)
    }

    /// [Flushes](Self::flush) the [destination](crate::Destination) of this name alone. To the others nothing changes: what
    /// they have of their windows stays, and will be one datum for each metric.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush); and [`FlushError::NoDestination`], if there is none of that name.
    pub fn flush_destination(&self, name: impl Into<String>) -> Flush {
        let name = name.into().into_boxed_str();
        Flush::new(self.clone(), Some(name), false)
    }

    /// Flushes as [`flush`](Self::flush) does, and stops the exporter: when that is delivered, and what was under way
    /// beside it is answered, or when the time for it is up. With a journal, the report comes when the disk has it
    /// all. What is recorded after that goes nowhere.
    ///
    /// [`within`](Flush::within) takes a time of its own, such as what is left before the process is killed. What is
    /// under way when the time is up has perhaps arrived: it is `ambiguous` in the report. What was not tried is
    /// `dropped`: it is lost. What the journal keeps of both is neither, but `pending` and `journaled`: the next process has
    /// it ([more](FlushReport)). Further calls while it stops are answered, too, each within its own time; once all is
    /// settled, with an error.
    ///
    /// # Errors
    ///
    /// If the exporter does not run, or not any more. [`Flush::blocking`] has one error more.
    pub fn shutdown(&self) -> Flush {
        Flush::new(self.clone(), None, true)
    }

    /// Whether the exporter runs, in this process. It does not before it is [run](crate::CloudWatchExporter::run), and
    /// not any more once it was shut down, its runtime has ended, or its task has panicked.
    pub fn is_running(&self) -> bool {
        self.shared.running.is_running()
    }

    /// What became of everything that was recorded since the start, up to the last snapshot. It takes microseconds, so that a
    /// probe can ask for it.
    pub fn stats(&self) -> Stats {
        let pipelines = self.shared.pipelines.iter();
        let parts = pipelines.map(|one| (Arc::clone(&one.name), Stats::of(&one.ledger)));
        Stats::of_all(parts.collect())
    }

    /// Whether all is well: that the exporter runs, and with each destination, for a readiness probe. Of several
    /// troubles the worst is told; each destination has its own in [`stats`](Self::stats)`().destinations`. It takes
    /// microseconds.
    ///
    /// Let a probe take a service out of its load balancer only for what a restart or another machine may cure: metrics that
    /// are refused are no reason.
    ///
    /// ```no_run
    /// # use metrics_exporter_cloudwatch::{Health, Trouble};
    /// # fn example(cloudwatch: metrics_exporter_cloudwatch::CloudWatchHandle) -> (u16, String) {
    /// let health = cloudwatch.health();
    /// let status = match health {
    ///     Health::Degraded { reason: Trouble::NotRunning, .. } => 503,
    ///     _ => 200,
    /// };
    /// (status, health.to_string()) // such as "requests are throttled since 2026-11-27T04:38:29Z"
    /// # }
    /// ```
    pub fn health(&self) -> Health {
        let stopped = self.shared.running.stopped_since();
        let stopped = Health::of(stopped.map(|since| (Trouble::NotRunning, since)));
        let pipelines = self.shared.pipelines.iter();
        let each = pipelines.map(|one| Health::of(one.ledger.trouble()));
        each.fold(stopped, Health::worse)
    }

    /// What was refused since the start, by series and reason: the first 10,000 of them of each destination, in 4 MiB at
    /// most, one destination after the other. Beyond that [`Stats::refused_by`] alone counts them. What the service rejected is here by its error code, without the message.
    pub fn refusals(&self) -> Vec<Refused> {
        let pipelines = self.shared.pipelines.iter();
        let lists = pipelines.map(|one| one.ledger.books().refusals.list());
        lists.flatten().collect()
    }

    /// What one destination refused since the start; none if there is no destination of that name.
    pub fn refusals_of(&self, destination: &str) -> Option<Vec<Refused>> {
        let number = self.shared.number_of(destination)?;
        Some(self.shared.pipelines[number].ledger.books().refusals.list())
    }

    /// Asks the exporter for a flush.
    pub(crate) fn ask(
        &self,
        scope: Option<&str>,
        timeout: Option<Duration>,
        is_last: bool,
    ) -> Result<oneshot::Receiver<FlushReport>, FlushError> {
        let number = scope.map(|name| self.shared.number_of(name).ok_or(FlushError::NoDestination));
        let number = number.transpose()?;
        let (reply, report) = oneshot::channel();
        // Whoever asked may have gone.
        let reply: Reply = Box::new(|report| drop(reply.send(report)));
        self.send(if is_last {
            Command::Shutdown(timeout, reply)
        } else {
            Command::Flush(number, timeout, reply)
        })?;
        Ok(report)
    }

    pub(crate) fn how_to_wait(&self) -> Wait {
        self.shared.running.how_to_wait()
    }

    /// The exporter let go of a command. Its task may still be unwinding from a panic, and end only then.
    pub(crate) fn stopped(&self) -> FlushError {
        self.shared.running.end();
        FlushError::Stopped
    }

    fn send(&self, command: Command) -> Result<(), FlushError> {
        if collectors::is_collecting() {
            return Err(FlushError::WithinSnapshot);
        }
        self.check_running()?;
        let posted = self.shared.commands.post(command, 0, 0);
        posted.map_err(|_| FlushError::Stopped)?;
        self.shared.commands.notify();
        Ok(())
    }

    /// Whether there is somebody to ask.
    pub(crate) fn check_running(&self) -> Result<(), FlushError> {
        // First: a forked child may have inherited the inbox's lock locked.
        if self.shared.running.is_elsewhere() {
            return Err(FlushError::Forked);
        }
        if self.shared.commands.is_closed() {
            return Err(FlushError::Stopped);
        }
        if !self.shared.running.is_called() {
            return Err(FlushError::NotRunning);
        }
        Ok(())
    }
}
