//! Functions of the application's that are asked before a snapshot, each on a thread of its own.
//!
//! A snapshot waits a second for them, and delivery not at all. A function that is still busy is not waited for, nor
//! called again, until it comes back.

use metrics_timeit::uncounted;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc as reports;
use tokio::time::Instant;

/// They are not called more often than this.
const INTERVAL: Duration = Duration::from_secs(10);
/// What a snapshot waits for them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    static IS_COLLECTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is in one of them: it must not wait for a snapshot.
pub(crate) fn is_collecting() -> bool {
    IS_COLLECTING.get()
}

/// What is called, and what the log names it by.
pub(crate) type Collect = (&'static str, Box<dyn FnMut() + Send>);

pub(crate) struct Collectors {
    all: Vec<Collector>,
    called_at: Option<Instant>,
    /// By number, whether it panicked.
    reports: reports::UnboundedReceiver<(usize, bool)>,
    report: reports::UnboundedSender<(usize, bool)>,
}

struct Collector {
    name: &'static str,
    state: State,
    has_panicked: bool,
}

enum State {
    /// It has no thread yet.
    New(Box<dyn FnMut() + Send>),
    Idle(mpsc::Sender<()>),
    Busy {
        thread: mpsc::Sender<()>,
        /// By a snapshot.
        is_waited_for: bool,
        /// That it takes long.
        is_said: bool,
    },
    /// It could not be started.
    Gone,
}

impl Collectors {
    pub(crate) fn new(all: Vec<Collect>) -> Self {
        let (report, reports) = reports::unbounded_channel();
        let all = all.into_iter().map(|(name, collect)| Collector {
            name,
            state: State::New(collect),
            has_panicked: false,
        });
        Self {
            all: all.collect(),
            called_at: None,
            reports,
            report,
        }
    }

    /// Calls those that are not busy, unless that was done just now; but in any case before a snapshot that `is_last`.
    /// Gives whether a snapshot has to wait for any.
    pub(crate) fn call(&mut self, is_last: bool) -> bool {
        let now = Instant::now();
        let is_soon = |at: Instant| now.saturating_duration_since(at) < INTERVAL;
        if self.all.is_empty() || !is_last && self.called_at.is_some_and(is_soon) {
            return false;
        }
        self.called_at = Some(now);
        for (number, collector) in self.all.iter_mut().enumerate() {
            collector.call(number, &self.report);
        }
        self.is_waited_for()
    }

    /// Whether a snapshot waits for any still.
    pub(crate) fn is_waited_for(&self) -> bool {
        let mut all = self.all.iter();
        all.any(|one| {
            matches!(
                one.state,
                State::Busy {
                    is_waited_for: true,
                    ..
                }
            )
        })
    }

    /// Waits until one of them comes back. May be dropped and called again at any time.
    pub(crate) async fn next(&mut self) {
        // Never none, as one sender is here.
        if let Some((number, has_panicked)) = self.reports.recv().await
            && let Some(collector) = self.all.get_mut(number)
        {
            collector.came_back(has_panicked);
        }
    }

    /// Nobody waits any more for those that are busy.
    pub(crate) fn give_up(&mut self) {
        let is_long = self.called_at.is_some_and(|at| at.elapsed() >= PATIENCE);
        for collector in &mut self.all {
            if let State::Busy {
                is_waited_for,
                is_said,
                ..
            } = &mut collector.state
            {
                *is_waited_for = false;
                if is_long && !std::mem::replace(is_said, true) {
                    tracing::warn!(
                        collector = collector.name,
                        "a collector (on_snapshot) takes longer than a second; snapshots go without it until it returns"
                    );
                }
            }
        }
    }
}

impl Collector {
    fn call(&mut self, number: usize, report: &reports::UnboundedSender<(usize, bool)>) {
        let thread = match std::mem::replace(&mut self.state, State::Gone) {
            State::New(collect) => start(number, self.name, collect, report.clone()),
            State::Idle(thread) => Some(thread),
            busy => {
                self.state = busy;
                return;
            }
        };
        if let Some(thread) = thread
            && thread.send(()).is_ok()
        {
            self.state = State::Busy {
                thread,
                is_waited_for: true,
                is_said: false,
            };
        }
    }

    fn came_back(&mut self, has_panicked: bool) {
        if let State::Busy {
            thread, is_said, ..
        } = std::mem::replace(&mut self.state, State::Gone)
        {
            if is_said {
                tracing::info!(
                    collector = self.name,
                    "a collector (on_snapshot) has returned, and is called again"
                );
            }
            self.state = State::Idle(thread);
        }
        if has_panicked && !std::mem::replace(&mut self.has_panicked, true) {
            tracing::error!(
                collector = self.name,
                "a collector (on_snapshot) panicked; it is called again all the same"
            );
        }
    }
}

fn start(
    number: usize,
    name: &'static str,
    mut collect: Box<dyn FnMut() + Send>,
    report: reports::UnboundedSender<(usize, bool)>,
) -> Option<mpsc::Sender<()>> {
    let (thread, calls) = mpsc::channel();
    let run = move || {
        IS_COLLECTING.set(true);
        for () in calls {
            // Else what it times would bring the next snapshot, and that the next call.
            let result = catch_unwind(AssertUnwindSafe(|| uncounted(&mut collect)));
            // Nobody may wait any more.
            _ = report.send((number, result.is_err()));
        }
    };
    let started = thread::Builder::new()
        .name("metrics-collector".into())
        .spawn(run);
    if let Err(error) = &started {
        tracing::error!(collector = name, %error, "the thread of a collector (on_snapshot) could not be started");
    }
    started.ok().map(|_| thread)
}
