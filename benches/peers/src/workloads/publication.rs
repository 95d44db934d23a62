//! Many histograms, recorded at a pace at which all arrive, and what it takes to publish them.

use crate::measure::{Numbers, cpu_seconds, numbers_of};
use crate::recorders::{Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics::histogram;
use std::thread;
use std::time::Duration;

const SERIES: u32 = 1_000;
const SAMPLES: u32 = 1_000;
/// One of the recorders takes a thousand messages at a time, and drops what is more.
const BETWEEN_PAUSES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(1);

pub(super) fn run(installed: Box<dyn Installed>) -> Result<Numbers> {
    let histograms: Vec<_> = (0..SERIES)
        .map(|n| histogram!(HISTOGRAM, "series" => n.to_string()))
        .collect();
    let mut recorded = 0_u32;
    for _ in 0..SAMPLES {
        for histogram in &histograms {
            histogram.record(latency(recorded));
            recorded += 1;
            if recorded.is_multiple_of(BETWEEN_PAUSES) {
                thread::sleep(PAUSE);
            }
        }
    }
    let before = cpu_seconds();
    let delivered = installed.finish()?;
    let cpu = cpu_seconds() - before;
    let recorded = Delivered {
        counted: 0,
        samples: u64::from(recorded),
    };
    let mut numbers = numbers_of(recorded, delivered);
    numbers.insert("cpu", cpu);
    Ok(numbers)
}

/// Milliseconds over three decades, to the microsecond, as timers give them.
fn latency(n: u32) -> f64 {
    let decades = (f64::from(n) * 0.618_033_988_749_894_9).fract() * 3.0;
    ((decades * std::f64::consts::LOG2_10).exp2() * 1e3).round() / 1e3
}
