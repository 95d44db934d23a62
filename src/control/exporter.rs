//! The exporter before it runs, and where it does.

use crate::clock::Clock;
use crate::collect::intake::Intake;
use crate::control::handle::CloudWatchHandle;
use crate::control::inbox::Inbox;
use crate::control::running::Running;
use crate::control::worker::{Callers, Worker};
use crate::delivery::ledger::Ledger;
use crate::journal::{Recovered, Writer};
use crate::model::sink::AnySink;
use crate::settings::Config;
use crate::view::View;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc;

/// Drains a [`CloudWatchRecorder`](crate::CloudWatchRecorder) and sends what it recorded.
///
/// Made by [`CloudWatchBuilder::build`](crate::CloudWatchBuilder::build). Nothing is sent before it
/// runs.
#[must_use = "nothing is sent unless it runs"]
pub struct CloudWatchExporter {
    worker: Worker,
    callers: Callers,
    handle: CloudWatchHandle,
    running: Arc<Running>,
}

impl CloudWatchExporter {
    pub(crate) fn new(
        config: Config,
        view: View,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn AnySink>,
        journal: Option<(Writer, Recovered)>,
        recorders: mpsc::Receiver<Infallible>,
    ) -> Self {
        let ledger = Arc::<Ledger>::default();
        let intake = Arc::new(Intake::new(
            config.clone(),
            Arc::clone(&clock),
            Arc::clone(&sink),
        ));
        let running = Arc::new(Running::default());
        let commands = Arc::new(Inbox::new());
        let (alive, handles) = mpsc::channel(1);
        Self {
            handle: CloudWatchHandle::new(
                Arc::clone(&commands),
                Arc::clone(&ledger),
                Arc::clone(&intake),
                Arc::clone(&running),
                alive,
            ),
            worker: Worker::new(
                config,
                view,
                clock,
                ledger,
                intake,
                commands,
                sink,
                journal,
                Arc::clone(&running),
            ),
            running,
            callers: Callers { handles, recorders },
        }
    }

    /// A handle to flush it, shut it down, and look at its accounts.
    pub fn handle(&self) -> CloudWatchHandle {
        self.handle.clone()
    }

    /// Runs until it is shut down, or every handle and every recorder is dropped. To be spawned on,
    /// or awaited within, a Tokio runtime that has its time driver enabled.
    pub fn run(mut self) -> impl Future<Output = ()> + Send {
        self.running.call();
        self.worker.subscribe();
        drop(self.handle);
        let ending = Ending::of(self.running);
        async move {
            ending.running.enter();
            self.worker.run(self.callers).await;
            ending.came();
        }
    }

    /// [Runs](Self::run) on a thread of its own, with a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the thread or the runtime cannot be made.
    pub fn run_on_thread(self) -> io::Result<JoinHandle<()>> {
        let runtime = runtime()?;
        let running = {
            let _entered = runtime.enter();
            self.run()
        };
        spawn_thread(move || runtime.block_on(running))
    }
}

/// Says how the exporter's task ended.
struct Ending {
    running: Arc<Running>,
    is_orderly: bool,
}

impl Ending {
    fn of(running: Arc<Running>) -> Self {
        Self {
            running,
            is_orderly: false,
        }
    }

    /// It came to its end.
    fn came(mut self) {
        self.is_orderly = true;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.running.end();
        if !self.is_orderly {
            tracing::warn!(
                "the exporter's task ended with its runtime, or was aborted; what was not delivered is lost, and nothing is sent any more"
            );
        }
    }
}

impl std::fmt::Debug for CloudWatchExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudWatchExporter").finish_non_exhaustive()
    }
}

pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

pub(crate) fn spawn_thread(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("metrics-cloudwatch".into())
        .spawn(run)
}
