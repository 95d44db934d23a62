//! What the process grows by: its resident set, over so many series that a page does not matter.

use crate::measure::{Numbers, resident_bytes};
use anyhow::Result;
use metrics::{counter, histogram};
use std::thread;
use std::time::Duration;

const COUNTERS: u32 = 20_000;
const HISTOGRAMS: u32 = 2_000;
const SAMPLES: u32 = 64;
const MANY_SAMPLES: u32 = 10_000_000;

/// Each has been incremented once, and nobody holds it.
pub(super) fn counters() -> Result<Numbers> {
    counter!("cold", "series" => "first").increment(1);
    grown(COUNTERS, |n| {
        counter!("cold", "series" => n.to_string()).increment(1);
    })
}

/// Each has some samples over four octaves, and nobody holds it.
pub(super) fn histograms() -> Result<Numbers> {
    histogram!("cold", "series" => "first").record(1.0);
    grown(HISTOGRAMS, |n| {
        let histogram = histogram!("cold", "series" => n.to_string());
        for sample in 0..SAMPLES {
            histogram.record((f64::from(sample) / f64::from(SAMPLES) * 4.0).exp2());
        }
    })
}

/// One histogram with many samples over six decades.
pub(super) fn samples() -> Result<Numbers> {
    let histogram = histogram!("hot");
    histogram.record(1.0);
    let before = resident_bytes()?;
    for n in 0..MANY_SAMPLES {
        let decades = (f64::from(n) * 0.618_033_988_749_894_9).fract() * 6.0 - 3.0;
        histogram.record((decades * std::f64::consts::LOG2_10).exp2());
    }
    Ok(Numbers::from([(
        "bytes",
        (resident_bytes()? - before).max(0.0),
    )]))
}

fn grown(series: u32, record: impl Fn(u32)) -> Result<Numbers> {
    let before = resident_bytes()?;
    for n in 0..series {
        record(n);
        // One of them takes a thousand messages at a time, and drops what is more.
        if n % 8 == 0 {
            thread::sleep(Duration::from_micros(50));
        }
    }
    let bytes = (resident_bytes()? - before).max(0.0) / f64::from(series);
    Ok(Numbers::from([("bytes", bytes)]))
}
