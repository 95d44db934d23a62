//! Whether and where an exporter runs, for those who would wait for it.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::runtime::{Handle, Id, RuntimeFlavor};

#[derive(Debug, Default)]
pub(crate) struct Running {
    is_called: AtomicBool,
    process: AtomicU32,
    runtime: Mutex<Option<Id>>,
    has_entered: AtomicBool,
    has_ended: AtomicBool,
}

impl Running {
    /// `run` was called. Its future is polled later, most often in the same runtime.
    pub(crate) fn call(&self) {
        *self.runtime.lock() = current();
        self.process.store(std::process::id(), Ordering::Relaxed);
        self.is_called.store(true, Ordering::Release);
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
        self.has_ended.store(true, Ordering::Release);
    }

    /// Whether it runs in another process, from which this one was forked: threads stay behind.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_called() && self.process.load(Ordering::Relaxed) != std::process::id()
    }

    /// It runs here.
    pub(crate) fn enter(&self) {
        *self.runtime.lock() = current();
        self.has_entered.store(true, Ordering::Release);
    }

    /// The flavor of the runtime that it shares with this thread, if it does; or perhaps will, where it was not
    /// polled yet.
    pub(crate) fn shared_with_us(&self) -> Option<RuntimeFlavor> {
        let ours = Handle::try_current().ok()?;
        let runtime = *self.runtime.lock();
        let is_open = runtime.is_none() && !self.has_entered.load(Ordering::Acquire);
        let is_shared = is_open || runtime == Some(ours.id());
        is_shared.then(|| ours.runtime_flavor())
    }
}

fn current() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_process_has_no_exporter() {
        let running = Running::default();
        assert!(!running.is_elsewhere(), "it runs nowhere");
        running.call();
        assert!(!running.is_elsewhere());
        running.process.fetch_add(1, Ordering::Relaxed);
        assert!(running.is_elsewhere());
    }
}
