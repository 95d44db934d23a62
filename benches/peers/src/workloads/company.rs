//! Whether a batch was made beside others. On a machine that has other work to do, a thread may be alone for
//! half of the time, and what it measures then says nothing of threads that meet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many batches a thread has made; in a cache line of its own, which is written once a batch.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Progress(AtomicU64);

/// A thread's look at the others.
pub(super) struct Company<'p> {
    thread: usize,
    progress: &'p [Progress],
    seen: Vec<u64>,
    /// How many others can run at the same time.
    wanted: usize,
}

impl<'p> Company<'p> {
    pub(super) fn of(thread: usize, progress: &'p [Progress]) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            thread,
            progress,
            seen: vec![0; progress.len()],
            wanted: progress.len().min(cores) - 1,
        }
    }

    /// To be called after each batch: whether as many others as can run have ended one meanwhile.
    pub(super) fn was_there(&mut self) -> bool {
        self.progress[self.thread].0.fetch_add(1, Ordering::Relaxed);
        let mut others = 0;
        for (thread, (progress, seen)) in self.progress.iter().zip(&mut self.seen).enumerate() {
            let made = progress.0.load(Ordering::Relaxed);
            if thread != self.thread && made > *seen {
                others += 1;
            }
            *seen = made;
        }
        others >= self.wanted
    }
}
