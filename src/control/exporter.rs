//! The exporter before it runs, and where it does.

use crate::clock::Clock;
use crate::control::collectors::Collect;
use crate::control::handle::CloudWatchHandle;
use crate::control::pipeline::Parts;
use crate::control::running::Running;
use crate::control::shared::Shared;
use crate::control::worker::{Callers, Source, Worker};
use crate::settings::Config;
use metrics_timeit::uncounted;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;

/// Takes what a [`CloudWatchRecorder`](crate::CloudWatchRecorder) recorded, and sends it.
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
        source: Source,
        clock: Arc<dyn Clock>,
        destinations: Vec<Parts>,
        collectors: Vec<Collect>,
        recorders: mpsc::Receiver<Infallible>,
    ) -> Self {
        let shared = Shared::new(&destinations, &clock);
        let (alive, handles) = mpsc::channel(1);
        Self {
            handle: CloudWatchHandle::new(shared.clone(), alive),
            running: Arc::clone(&shared.running),
            worker: Worker::new(config, source, clock, destinations, collectors, shared),
            callers: Callers { handles, recorders },
        }
    }

    /// A handle to flush it, shut it down, and look at its accounts.
    pub fn handle(&self) -> CloudWatchHandle {
        self.handle.clone()
    }

    /// Runs until it is shut down, or every handle and every recorder is dropped. To be spawned on,
    /// or awaited within, a Tokio runtime that has timers (`enable_time` or `enable_all`).
    ///
    /// Where there are no timers, or no Tokio runtime, the exporter logs a warning and runs on a thread and a runtime of
    /// its own. The future still ends when the exporter does; dropping the future does not stop such an exporter.
    ///
    /// Tokio tells only by a panic that a runtime has no timers. The first poll on such a runtime causes that panic and
    /// catches it: the panic hook prints a message, and a program built with `panic = "abort"` ends there.
    pub fn run(mut self) -> impl Future<Output = ()> + Send {
        self.running.call();
        self.worker.subscribe();
        drop(self.handle);
        let task = Task {
            worker: self.worker,
            callers: self.callers,
            running: self.running,
        };
        async move {
            if has_timers() {
                task.run().await;
            } else {
                task.run_elsewhere().await;
            }
        }
    }

    /// [Runs](Self::run) on a thread of its own, with a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the thread or the runtime cannot be made.
    pub fn run_on_thread(self) -> io::Result<JoinHandle<()>> {
        let runtime = runtime()?;
        let place = Arc::clone(&self.running);
        let running = {
            let _entered = runtime.enter();
            self.run()
        };
        place.has_own_thread();
        spawn_thread(runtime, |runtime| runtime.block_on(running))
    }
}

/// What runs, wherever it does.
struct Task {
    worker: Worker,
    callers: Callers,
    running: Arc<Running>,
}

impl Task {
    async fn run(self) {
        let Self {
            worker,
            callers,
            running,
        } = self;
        running.enter();
        let mut working = pin!(worker.run(callers));
        poll_fn(|context| {
            running.begin_poll();
            let progress = uncounted(|| working.as_mut().poll(context));
            running.end_poll();
            progress
        })
        .await;
    }

    /// Runs on a thread of its own, which goes on if nobody waits for it any more.
    async fn run_elsewhere(self) {
        tracing::warn!(
            "this runtime has no timers (see tokio::runtime::Builder::enable_time): the exporter runs on a thread of its own"
        );
        let (alive, mut end) = mpsc::channel::<Infallible>(1);
        let started = runtime().and_then(|runtime| {
            spawn_thread(runtime, move |runtime| {
                let _alive = alive;
                runtime.block_on(self.run());
            })
        });
        match started {
            Ok(_) => drop(end.recv().await),
            Err(error) => tracing::error!(%error, "the exporter's thread could not be started"),
        }
    }
}

/// Whether this runtime has timers. Tokio 1.54 offers no way to ask: a [`Handle`] tells neither by a method nor by its
/// `Debug`, and every constructor in [`tokio::time`] panics.
fn has_timers() -> bool {
    Handle::try_current().is_ok()
        && catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok()
}

impl std::fmt::Debug for CloudWatchExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudWatchExporter").finish_non_exhaustive()
    }
}

pub(crate) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Starts the exporter's thread, which gets the runtime.
pub(crate) fn spawn_thread(
    runtime: Runtime,
    run: impl FnOnce(Runtime) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    // Only once there is a thread: a runtime that is dropped with the closure, within another runtime, panics.
    let (give, given) = std::sync::mpsc::sync_channel(1);
    let started = thread::Builder::new()
        .name("metrics-cloudwatch".into())
        .spawn(move || {
            if let Ok(runtime) = given.recv() {
                // Also tasks that others start here, such as an HTTP client's.
                uncounted(|| run(runtime));
            }
        });
    match started {
        Ok(thread) => {
            // The thread waits for it.
            let _ = give.send(runtime);
            Ok(thread)
        }
        Err(error) => {
            runtime.shutdown_background();
            Err(error)
        }
    }
}
