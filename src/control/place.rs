//! What runs on a thread just now, as far as Tokio tells.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, ThreadId};
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) thread: ThreadId,
    /// The task that is polled, or the closure of `spawn_blocking`; none within `block_on`.
    pub(crate) task: Option<task::Id>,
    /// The runtime that new tasks of this thread go to.
    pub(crate) runtime: Option<Id>,
    pub(crate) is_multi_thread: bool,
    /// Whether this thread is needed by a runtime's scheduler: other tasks wait until this one returns.
    pub(crate) is_scheduler: bool,
}

impl Place {
    pub(crate) fn here() -> Self {
        let runtime = Handle::try_current().ok();
        Self {
            thread: thread::current().id(),
            task: task::try_id(),
            runtime: runtime.as_ref().map(Handle::id),
            is_multi_thread: runtime
                .is_some_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread),
            is_scheduler: is_scheduler(),
        }
    }

    pub(crate) fn is_in_runtime_of(&self, other: &Self) -> bool {
        self.runtime.is_some() && self.runtime == other.runtime
    }

    pub(crate) fn is_in_task_of(&self, other: &Self) -> bool {
        self.task.is_some() && self.task == other.task
    }
}

/// Tokio has no way to ask. But [`task::yield_now`] leaves the waker to the scheduler where this thread runs one, and
/// wakes at once where not: in `spawn_blocking`, in `block_in_place`, in the `block_on` of a multi-thread runtime, and
/// on threads that only entered a runtime's context.
fn is_scheduler() -> bool {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let yielding = pin!(task::yield_now());
    let is_pending = yielding.poll(&mut Context::from_waker(&waker)).is_pending();
    is_pending && !woken.0.load(Ordering::Relaxed)
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
