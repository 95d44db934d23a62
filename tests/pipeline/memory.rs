//! What a series that is recorded to now and then costs in memory.

use metrics::{Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, CloudWatchHandle, CloudWatchRecorder, Datum, Matcher,
    MetricSettings, SendError, Sent, Sink,
};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const SERIES: usize = 20_000;
const METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);

/// Everything on the calling thread, as allocations are counted for each.
struct Process {
    recorder: CloudWatchRecorder,
    cloudwatch: CloudWatchHandle,
    runtime: Runtime,
}

/// Keeps nothing, which would be counted.
struct Nowhere;

impl Sink for Nowhere {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Ok(Sent::default())
    }
}

impl Process {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let builder = CloudWatchBuilder::new("Test").with_sink("test", Nowhere);
        let builder = builder
            .with_max_series(None)
            .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        runtime.spawn(exporter.run());
        Self {
            recorder,
            cloudwatch,
            runtime,
        }
    }

    fn publish(&self) {
        let report = self.runtime.block_on(self.cloudwatch.flush()).unwrap();
        assert!(report.is_complete());
    }
}

fn keys() -> Vec<Key> {
    let label = |n: usize| Label::new("number", n.to_string());
    (0..SERIES)
        .map(|n| Key::from_parts("n", vec![label(n)]))
        .collect()
}

/// Bytes that stay allocated, for each series.
fn bytes<T>(make: impl FnOnce() -> T) -> usize {
    let mut kept = None;
    let measured = allocation_counter::measure(|| kept = Some(make()));
    usize::try_from(measured.bytes_current).unwrap() / SERIES
}

/// What a key takes by itself, where it is kept.
fn bytes_of_keys() -> usize {
    let keys = keys();
    bytes(|| {
        let mut kept = Vec::with_capacity(SERIES);
        kept.extend(keys.iter().map(Key::to_retained));
        kept
    })
}

#[test]
fn a_cold_counter_takes_256_bytes_beyond_its_key() {
    let (process, keys) = (Process::start(), keys());
    let bytes = bytes(|| {
        for key in &keys {
            let counter = process.recorder.register_counter(key, &METADATA);
            counter.increment(1);
        }
        process.publish();
    });
    let beyond = bytes - bytes_of_keys();
    assert!(beyond <= 256, "{beyond} bytes of {bytes}");
}

#[test]
fn a_cold_histogram_of_four_octaves_takes_6_kib() {
    let (process, keys) = (Process::start(), keys());
    let bytes = bytes(|| {
        for key in &keys {
            let histogram = process.recorder.register_histogram(key, &METADATA);
            // They are in five.
            (0..20).for_each(|n| histogram.record(1.5 * 2f64.powf(f64::from(n) / 5.0)));
        }
        process.publish();
    });
    assert!(bytes <= 6 * 1_024, "{bytes} bytes");
}

/// Nothing goes through.
struct Unreachable;

impl Sink for Unreachable {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Err(SendError::Transient("no route".into()))
    }
}

/// Batches of one datum take twice what their data do, and the queue's bound knows it.
#[test]
fn small_batches_take_what_the_queue_says() {
    const BATCHES: u64 = 5_000;
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Unreachable);
    let (recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    runtime.spawn(exporter.run());
    let windows = |windows: u64| {
        runtime.block_on(async {
            let before = cloudwatch.stats().pending.data;
            for window in 1..=windows {
                metrics::with_local_recorder(&recorder, || metrics::counter!("n").increment(1));
                let _ = cloudwatch.flush().within(Duration::ZERO).await;
                assert_eq!(cloudwatch.stats().pending.data, before + window);
            }
        });
    };
    windows(10);
    let before = cloudwatch.stats().queue_bytes;
    let measured = allocation_counter::measure(|| windows(BATCHES));
    let measured = u64::try_from(measured.bytes_current).unwrap() / BATCHES;
    let said = (cloudwatch.stats().queue_bytes - before) / BATCHES;
    // What an allocator takes beside is in what is said, and not in what is measured.
    assert!(
        (measured..measured * 3 / 2).contains(&said),
        "{said} bytes said, {measured} measured"
    );
}
