//! A burst, and what of it arrives.

use crate::measure::{Numbers, numbers_of};
use crate::recorders::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics::{counter, histogram};
use std::thread;

const THREADS: u64 = 2;
/// Increments, and samples, of each thread.
const CALLS: u32 = 500_000;

pub(super) fn run(installed: Box<dyn Installed>) -> Result<Numbers> {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..CALLS {
                    counter!(COUNTER).increment(1);
                    histogram!(HISTOGRAM).record(f64::from(n % 1000) + 0.5);
                }
            });
        }
    });
    let recorded = THREADS * u64::from(CALLS);
    let recorded = Delivered {
        counted: recorded,
        samples: recorded,
    };
    Ok(numbers_of(recorded, installed.finish()?))
}
