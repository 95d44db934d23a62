//! Whether and where an exporter runs, for those who would wait for it.

use crate::clock::Clock;
use crate::control::place::Place;
use parking_lot::Mutex;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

pub(crate) struct Running {
    clock: Arc<dyn Clock>,
    built: SystemTime,
    ended: OnceLock<SystemTime>,
    is_called: AtomicBool,
    process: AtomicU32,
    home: Mutex<Home>,
    has_ended: AtomicBool,
    /// Still so after a panic of the exporter's task. `thread::panicking` would tell of other panics, too.
    is_polled: AtomicBool,
}

/// Where the exporter runs.
#[derive(Clone, Copy, Debug, Default)]
enum Home {
    #[default]
    Unknown,
    /// `run` was called here. Its future will most often be polled in the same runtime.
    CalledAt(Place),
    /// It has a thread of its own, on which its future was not polled yet.
    OwnThread,
    /// Its future was first polled here.
    PolledAt(Place),
}

/// How a thread may wait for the exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all: the exporter would wait for this thread.
    Never,
    /// By `block_in_place`: this thread hands the runtime's other tasks over first.
    InPlace,
    /// As any thread.
    Plain,
}

impl Running {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            built: clock.now(),
            clock,
            ended: OnceLock::new(),
            is_called: AtomicBool::new(false),
            process: AtomicU32::new(0),
            home: Mutex::default(),
            has_ended: AtomicBool::new(false),
            is_polled: AtomicBool::new(false),
        }
    }

    /// `run` was called.
    pub(crate) fn call(&self) {
        *self.home.lock() = Home::CalledAt(Place::here());
        self.process.store(std::process::id(), Ordering::Relaxed);
        self.is_called.store(true, Ordering::Release);
    }

    /// Its future will be polled on a thread of its own.
    pub(crate) fn has_own_thread(&self) {
        *self.home.lock() = Home::OwnThread;
    }

    pub(crate) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Acquire)
    }

    /// Whether it was called and did not end, in this process.
    pub(crate) fn is_running(&self) -> bool {
        self.is_called() && !self.has_ended.load(Ordering::Acquire) && !self.is_elsewhere()
    }

    /// It ends, in whatever way.
    pub(crate) fn end(&self) {
        if !self.has_ended.load(Ordering::Acquire) {
            // The clock may be what panicked.
            let now = catch_unwind(AssertUnwindSafe(|| self.clock.now()));
            if let Ok(now) = now {
                let _ = self.ended.set(now);
            }
        }
        self.has_ended.store(true, Ordering::Release);
    }

    /// Since when it does not run; none if it does.
    pub(crate) fn stopped_since(&self) -> Option<SystemTime> {
        let since = self.ended.get().copied().unwrap_or(self.built);
        (!self.is_running()).then_some(since)
    }

    /// Whether it runs in another process, from which this one was forked: threads stay behind.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_called() && self.process.load(Ordering::Relaxed) != std::process::id()
    }

    /// It runs here.
    pub(crate) fn enter(&self) {
        *self.home.lock() = Home::PolledAt(Place::here());
    }

    pub(crate) fn begin_poll(&self) {
        self.is_polled.store(true, Ordering::Relaxed);
    }

    /// It did not panic.
    pub(crate) fn end_poll(&self) {
        self.is_polled.store(false, Ordering::Relaxed);
    }

    /// Asked by whoever drops it: whether it is being polled, or panicked then.
    pub(crate) fn is_polled(&self) -> bool {
        self.is_polled.load(Ordering::Relaxed)
    }

    /// How this thread may wait for the exporter.
    pub(crate) fn how_to_wait(&self) -> Wait {
        let home = *self.home.lock();
        home.how_to_wait(&Place::here())
    }
}

impl Home {
    fn how_to_wait(self, here: &Place) -> Wait {
        let is_shared = here.is_scheduler && !here.is_multi_thread;
        let (home, is_polled) = match self {
            Self::OwnThread => return Wait::Plain,
            Self::PolledAt(home) => (home, true),
            // Perhaps it will be polled by this very thread.
            Self::CalledAt(_) | Self::Unknown if is_shared => return Wait::Never,
            Self::CalledAt(home) if home.runtime.is_some() => (home, false),
            Self::CalledAt(_) | Self::Unknown => return Wait::InPlace,
        };
        // `block_on` of a multi-thread runtime, or a `LocalSet` in it, polls on one thread for ever.
        let is_bound = is_polled && !home.is_scheduler;
        if is_polled && here.is_in_task_of(&home) || is_bound && here.thread == home.thread {
            return Wait::Never;
        }
        if !here.is_in_runtime_of(&home) {
            return Wait::Plain;
        }
        if home.is_multi_thread {
            // Before the first poll nobody knows whether it will be on this thread.
            let is_needed = here.is_scheduler || !is_polled;
            return if is_needed {
                Wait::InPlace
            } else {
                Wait::Plain
            };
        }
        // Also where nobody drives the runtime: a thread that left its `block_on`, and is in its context still.
        let is_needed = here.is_scheduler || here.thread == home.thread;
        if is_needed { Wait::Never } else { Wait::Plain }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_forked_process_has_no_exporter() {
        let running = Running::new(Arc::new(SystemClock));
        assert!(!running.is_elsewhere(), "it runs nowhere");
        running.call();
        assert!(!running.is_elsewhere());
        running.process.fetch_add(1, Ordering::Relaxed);
        assert!(running.is_elsewhere());
    }
}
