//! What a call costs the thread that makes it.

use super::company::{Company, Progress};
use super::{Cost, Series, calls};
use crate::measure::{Batches, Numbers, median, pin};
use crate::recorders::Installed;
use anyhow::{Context, Result, anyhow};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A recorder may learn from its snapshots which series to promote.
const PUBLICATIONS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(3);

/// What the threads share.
struct Meeting {
    barrier: Barrier,
    measuring: AtomicUsize,
    progress: Vec<Progress>,
}

pub(super) fn run(cost: Cost, installed: &dyn Installed, time: Duration) -> Result<Numbers> {
    let meeting = Meeting {
        barrier: Barrier::new(cost.threads + 1),
        measuring: AtomicUsize::new(cost.threads),
        progress: (0..cost.threads).map(|_| Progress::default()).collect(),
    };
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..cost.threads)
            .map(|thread| {
                let meeting = &meeting;
                scope.spawn(move || of_thread(cost, thread, meeting, time))
            })
            .collect();
        let mut drained = Ok(());
        for _ in 0..PUBLICATIONS {
            meeting.barrier.wait();
            drained = drained.and(installed.settle());
            meeting.barrier.wait();
        }
        meeting.barrier.wait();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let results: Result<Vec<f64>> = joined
            .map(|result| result.map_err(|_| anyhow!("a thread panicked"))?)
            .collect();
        drained.and(results)
    });
    Ok(Numbers::from([("ns", median(results?))]))
}

fn of_thread(cost: Cost, thread: usize, meeting: &Meeting, time: Duration) -> Result<f64> {
    // Before it is kept to one core, and knows no others.
    let mut company = Company::of(thread, &meeting.progress);
    let pinned = if cost.threads > 1 {
        pin(thread)
    } else {
        Ok(())
    };
    let series = match cost.series {
        Series::Same => 0,
        Series::Own => thread,
    };
    let mut batches = Batches::of(calls::calls(cost.kind, cost.call, series));
    for _ in 0..PUBLICATIONS {
        batches.warm_up(WARM_UP);
        meeting.barrier.wait();
        meeting.barrier.wait();
    }
    batches.warm_up(WARM_UP);
    meeting.barrier.wait();
    let nanoseconds = batches.run(time, || company.was_there());
    meeting.measuring.fetch_sub(1, Ordering::Relaxed);
    // The others are to be measured beside this thread, to their end.
    while meeting.measuring.load(Ordering::Relaxed) > 0 {
        batches.once();
        company.was_there();
    }
    pinned?;
    nanoseconds.context("the threads never ran at the same time")
}
