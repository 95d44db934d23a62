//! A flush or a shutdown, as whoever calls for it holds it.

use crate::control::error::FlushError;
use crate::control::handle::CloudWatchHandle;
use crate::control::running::Wait;
use crate::report::flush_report::FlushReport;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{block_in_place, unconstrained};

/// A [flush](CloudWatchHandle::flush) or a [shutdown](CloudWatchHandle::shutdown), to be awaited, or
/// [blocked on](Self::blocking) where there is no async.
///
/// Nothing is asked of the exporter before: a value that is only dropped flushes nothing and stops nothing, and what is
/// recorded before the first poll is covered. Once polled, it goes on even if the value is dropped, as by
/// `tokio::time::timeout`; only the report is lost then. So give it its time by [`within`](Self::within).
#[derive(Debug)]
#[must_use = "nothing is flushed or stopped unless this is awaited or blocked on"]
pub struct Flush {
    handle: CloudWatchHandle,
    /// The destination; none, if it is for all.
    scope: Option<Box<str>>,
    timeout: Option<Duration>,
    is_last: bool,
    /// Once it is asked for.
    report: Option<oneshot::Receiver<FlushReport>>,
}

// As its handle; the report comes in one piece.
impl UnwindSafe for Flush {}
impl RefUnwindSafe for Flush {}

impl Flush {
    pub(crate) fn new(handle: CloudWatchHandle, scope: Option<Box<str>>, is_last: bool) -> Self {
        Self {
            handle,
            scope,
            timeout: None,
            is_last,
            report: None,
        }
    }

    /// Sets how long it may take, instead of the [time of every flush](crate::CloudWatchBuilder::with_flush_timeout):
    /// whatever the destination does, the report is there when that is over. Zero is allowed: the report tells what is
    /// settled by then, and the rest is pending, or what a [shutdown](CloudWatchHandle::shutdown) makes of it. It counts from when the exporter is asked, and changes nothing after.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the report on this thread, for where there is no async.
    ///
    /// It works on any thread that the exporter does not need: an application's own, one of
    /// [`spawn_blocking`](tokio::task::spawn_blocking), and those of other runtimes. In a task of the multi-thread
    /// runtime that the exporter runs on, another thread takes over meanwhile. After
    /// [`install`](crate::CloudWatchBuilder::install) the exporter has a runtime of its own, so that it works
    /// everywhere. Somebody has to drive the exporter's runtime meanwhile.
    ///
    /// # Errors
    ///
    /// As when it is awaited; and [`FlushError::OwnRuntime`] where the exporter would wait for this thread: in a task
    /// of the current-thread runtime, or of the `LocalSet`, that it runs on, and in its own task. Nothing is flushed or
    /// stopped then.
    ///
    /// In a `LocalSet` before the exporter was first polled Tokio tells by a panic alone that it cannot block there. The
    /// panic is caught: the panic hook prints a message, and a program built with `panic = "abort"` ends there.
    pub fn blocking(self) -> Result<FlushReport, FlushError> {
        self.handle.check_running()?;
        match self.handle.how_to_wait() {
            Wait::Never => Err(FlushError::OwnRuntime),
            Wait::Plain => block_on(self),
            // `block_in_place` panics where it may not block, and Tokio offers no way to ask: in a `LocalSet` before the
            // exporter was first polled, and in another runtime's task that has entered this one's context. Nothing was
            // asked then.
            Wait::InPlace => catch_unwind(AssertUnwindSafe(|| block_in_place(|| block_on(self))))
                .unwrap_or(Err(FlushError::OwnRuntime)),
        }
    }
}

impl Future for Flush {
    type Output = Result<FlushReport, FlushError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let report = match self.report.take() {
            Some(report) => report,
            None => self
                .handle
                .ask(self.scope.as_deref(), self.timeout, self.is_last)?,
        };
        let report = ready!(Pin::new(self.report.insert(report)).poll(context));
        Poll::Ready(report.map_err(|_| self.handle.stopped()))
    }
}

/// Tokio's would panic wherever it drives tasks.
fn block_on(flush: Flush) -> Result<FlushReport, FlushError> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    // This thread polls nothing else, and would wait for ever if its task had used up what a poll may do.
    let mut waiting = std::pin::pin!(unconstrained(flush));
    loop {
        match waiting.as_mut().poll(&mut context) {
            Poll::Ready(report) => return report,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
