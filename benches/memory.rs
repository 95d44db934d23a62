//! How much the process grows by a histogram of ten million samples over six decades, by its
//! resident set: 100 histograms, so that a page of the system's does not blur it.

use metrics::{Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, MemorySink};
use std::fs;

const HISTOGRAMS: u32 = 100;
const SAMPLES: u32 = 10_000_000;

fn main() {
    let builder = CloudWatchBuilder::new("Bench").with_sink("test", MemorySink::new());
    let (recorder, _exporter) = builder.build().expect("it has a sink");
    let metadata = Metadata::new("bench", metrics::Level::INFO, None);
    let histograms: Vec<_> = (0..HISTOGRAMS)
        .map(|n| {
            let key = Key::from_parts("h", vec![Label::new("n", n.to_string())]);
            recorder.register_histogram(&key, &metadata)
        })
        .collect();
    let Some(before) = resident_bytes() else {
        println!("no /proc/self/statm here");
        return;
    };
    for histogram in &histograms {
        for n in 0..SAMPLES {
            let exponent = (f64::from(n) * 0.618_033_988_749_894_9).fract() * 6.0 - 3.0;
            histogram.record(exponent.exp2().powf(std::f64::consts::LOG2_10));
        }
    }
    let after = resident_bytes().unwrap_or(before);
    println!(
        "{HISTOGRAMS} histograms of {SAMPLES} samples: {} bytes each",
        after.saturating_sub(before) / u64::from(HISTOGRAMS)
    );
}

fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
