//! What a call costs the thread that makes it.

use super::{Cost, Series, calls};
use crate::measure::{Batches, Numbers, median, pin};
use crate::recorders::Installed;
use anyhow::{Result, anyhow};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A recorder may learn from its drains which series are hot.
const DRAINS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(3);

pub(super) fn run(cost: Cost, installed: &dyn Installed, time: Duration) -> Result<Numbers> {
    let barrier = Barrier::new(cost.threads + 1);
    let measuring = AtomicUsize::new(cost.threads);
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..cost.threads)
            .map(|thread| {
                let (barrier, measuring) = (&barrier, &measuring);
                let series = match cost.series {
                    Series::Same => 0,
                    Series::Own => thread,
                };
                scope.spawn(move || {
                    let pinned = if cost.threads > 1 {
                        pin(thread)
                    } else {
                        Ok(())
                    };
                    let mut batches = Batches::of(calls::calls(cost.kind, cost.call, series));
                    for _ in 0..DRAINS {
                        batches.run(WARM_UP);
                        barrier.wait();
                        barrier.wait();
                    }
                    batches.run(WARM_UP);
                    barrier.wait();
                    let nanoseconds = batches.run(time);
                    measuring.fetch_sub(1, Ordering::Relaxed);
                    // The others are to be measured beside this thread, to their end.
                    while measuring.load(Ordering::Relaxed) > 0 {
                        batches.once();
                    }
                    pinned.map(|()| nanoseconds)
                })
            })
            .collect();
        let mut drained = Ok(());
        for _ in 0..DRAINS {
            barrier.wait();
            drained = drained.and(installed.settle());
            barrier.wait();
        }
        barrier.wait();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        let results: Result<Vec<f64>> = joined
            .map(|result| result.map_err(|_| anyhow!("a thread panicked"))?)
            .collect();
        drained.and(results)
    });
    Ok(Numbers::from([("ns", median(results?))]))
}
