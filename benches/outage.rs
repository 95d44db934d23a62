//! What two hours without CloudWatch cost at ten thousand series, 500 of them histograms of a hundred values: the
//! queue's own account, beside what the process grows by. The same for batches of one datum, and what it takes to queue one
//! more while ten or a hundred thousand of them wait.

use metrics::{Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, ManualClock, Matcher, MetricSettings, SendError,
    Sent, Sink,
};
use std::fs;
use std::time::{Duration, Instant, SystemTime};

const WINDOWS: u32 = 120;
const SERIES: usize = 10_000;
const HISTOGRAMS: usize = 500;
const VALUES: i32 = 100;
const BATCHES: u32 = 100_000;
const EVENTS: u32 = 1_000;

struct Unreachable;

impl Sink for Unreachable {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Err(SendError::Transient("no route".into()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // What they free is not given back to the system.
    small_batches().await;
    two_hours().await;
}

/// One in each window.
async fn small_batches() {
    let clock = ManualClock::new(SystemTime::now());
    let (recorder, exporter) = CloudWatchBuilder::new("Bench")
        .with_period(Duration::from_secs(1))
        .with_sink("test", Unreachable)
        .with_clock(clock.clone())
        .build()
        .expect("it has a sink");
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let metadata = Metadata::new("bench", metrics::Level::INFO, None);
    let counter = recorder.register_counter(&Key::from_name("n"), &metadata);
    let before = resident_bytes().unwrap_or_default();
    let mut started = Instant::now();
    for number in 1..=BATCHES {
        counter.increment(1);
        clock.advance(Duration::from_secs(1));
        while cloudwatch.stats().pending.data < u64::from(number) {
            tokio::task::yield_now().await;
        }
        if number % EVENTS == 0 {
            let each = started.elapsed() / EVENTS;
            if number == EVENTS || number == BATCHES {
                println!("up to {number} batches wait: {each:?} to queue one more");
            }
            started = Instant::now();
        }
    }
    let grown = resident_bytes().unwrap_or_default().saturating_sub(before);
    let stats = cloudwatch.stats();
    println!(
        "{} batches of one datum: {} bytes by the queue's account, {grown} by the resident set",
        stats.pending.data, stats.queue_bytes
    );
}

async fn two_hours() {
    let clock = ManualClock::new(SystemTime::now());
    let (recorder, exporter) = CloudWatchBuilder::new("Bench")
        .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None))
        .with_sink("test", Unreachable)
        .with_clock(clock.clone())
        .build()
        .expect("it has a sink");
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let metadata = Metadata::new("bench", metrics::Level::INFO, None);
    let key = |name, n: usize| Key::from_parts(name, vec![Label::new("series", n.to_string())]);
    let counters: Vec<_> = (0..SERIES - HISTOGRAMS)
        .map(|n| recorder.register_counter(&key("n", n), &metadata))
        .collect();
    let histograms: Vec<_> = (0..HISTOGRAMS)
        .map(|n| recorder.register_histogram(&key("h", n), &metadata))
        .collect();
    let Some(before) = resident_bytes() else {
        println!("no /proc/self/statm here");
        return;
    };
    let mut drained = 0;
    for window in 1..=WINDOWS {
        for counter in &counters {
            counter.increment(1);
        }
        for histogram in &histograms {
            (0..VALUES).for_each(|value| histogram.record(1.03f64.powi(value)));
        }
        clock.advance(Duration::from_mins(1));
        while drained < u64::from(window) * SERIES as u64 {
            tokio::task::yield_now().await;
            drained = cloudwatch.stats().pending.data + cloudwatch.stats().dropped.data;
        }
    }
    let grown = resident_bytes().unwrap_or(before).saturating_sub(before);
    let stats = cloudwatch.stats();
    println!(
        "{} data pending, {} dropped: {} bytes by the queue's account, {grown} by the resident set",
        stats.pending.data, stats.dropped.data, stats.queue_bytes
    );
}

fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
