//! What a flush costs, beside what the SDK takes for what was flushed, and what records cost meanwhile.
//!
//! `cargo bench --bench flush` prints medians and distributions. A flush goes to a sink in memory: it takes what was
//! recorded, encodes and packs it. What taking alone costs is in `recording/benches/snapshot.rs`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "nanoseconds, and shares of how many there are"
)]

mod beside;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{
    BehaviorVersion, Config, Credentials, HttpClient, Region, SharedHttpClient,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use beside::median;
use metrics::{Counter, Histogram, Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, CloudWatchHandle, Datum, Matcher, MetricSettings,
    PutMetricData, SendError, Sent, Sink,
};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const COUNTERS: usize = 100_000;
const LONG: Duration = Duration::from_mins(1);
const HISTOGRAMS: usize = 10_000;
const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);

fn main() {
    let put = PutMetricData::new(Client::from_conf(nowhere()));
    let sink = Kept(Arc::default(), put);
    let builder = CloudWatchBuilder::new("Bench").with_sink("test", sink.clone());
    let builder = builder
        .with_max_series(None)
        .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
    let (recorder, exporter) = builder.build().expect("it has a sink");
    let cloudwatch = exporter.handle();
    let runtime = Runtime::new().expect("there are threads");
    runtime.spawn(exporter.run());
    let series = Series::new(&recorder);
    active(&runtime, &cloudwatch, &sink, &series);
    latencies(&runtime, &cloudwatch, &recorder, &series);
}

struct Series {
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

impl Series {
    fn new(recorder: &dyn Recorder) -> Self {
        let keys = |name, count| (0..count).map(move |n| key(name, n));
        Self {
            counters: keys("counter", COUNTERS)
                .map(|key| recorder.register_counter(&key, &METADATA))
                .collect(),
            histograms: keys("histogram", HISTOGRAMS)
                .map(|key| recorder.register_histogram(&key, &METADATA))
                .collect(),
        }
    }

    fn record(&self) {
        for counter in &self.counters {
            counter.increment(1);
        }
        for histogram in &self.histograms {
            (0..20).for_each(|n| histogram.record(f64::from(n) + 0.5));
        }
    }
}

/// Keeps batches, if it is to. They have the lengths that CloudWatch would have, so that to fill them costs as much.
#[derive(Clone)]
struct Kept(Arc<Mutex<Option<Vec<Batch>>>>, PutMetricData);

impl Kept {
    /// What it kept since `keep`.
    fn take(&self) -> Vec<Batch> {
        let kept = self.0.lock().expect("nobody panics").take();
        kept.unwrap_or_default()
    }

    fn keep(&self) {
        *self.0.lock().expect("nobody panics") = Some(Vec::new());
    }
}

impl Sink for Kept {
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        self.1.added_len(batch, datum)
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        if let Some(kept) = &mut *self.0.lock().expect("nobody panics") {
            kept.push(batch.clone());
        }
        Ok(Sent::default())
    }
}

fn key(name: &'static str, number: usize) -> Key {
    Key::from_parts(name, vec![Label::new("number", number.to_string())])
}

fn flush(runtime: &Runtime, cloudwatch: &CloudWatchHandle) -> f64 {
    let start = Instant::now();
    let report = runtime.block_on(cloudwatch.flush()).expect("it runs");
    assert!(report.is_complete());
    start.elapsed().as_secs_f64() * 1e3
}

fn active(runtime: &Runtime, cloudwatch: &CloudWatchHandle, sink: &Kept, series: &Series) {
    let (mut flushes, mut sdks) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        series.record();
        flushes.push(flush(runtime, cloudwatch));
        series.record();
        sink.keep();
        flush(runtime, cloudwatch);
        let start = Instant::now();
        for batch in sink.take() {
            // It fails once the request is made, compressed and signed.
            runtime
                .block_on(async { sink.1.send(&batch, &Attempt::new(LONG)).await })
                .expect_err("it goes nowhere");
        }
        sdks.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (flush, sdk) = (median(flushes), median(sdks));
    println!(
        "{COUNTERS} counters and {HISTOGRAMS} histograms: taken, encoded, packed and delivered in {flush:.1} ms; the \
         SDK takes {sdk:.0} ms; ratio {:.2}",
        flush / sdk
    );
}

/// Records by two handles, each timed, without flushes and while flushes run back to back.
fn latencies(
    runtime: &Runtime,
    cloudwatch: &CloudWatchHandle,
    recorder: &dyn Recorder,
    series: &Series,
) {
    let counter = recorder.register_counter(&key("hot", 0), &METADATA);
    let histogram = recorder.register_histogram(&key("hot", 0), &METADATA);
    let loop_for = |time: Duration| {
        let mut took = Vec::with_capacity(50_000_000);
        let begin = Instant::now();
        let mut last = begin;
        while last - begin < time && took.len() < took.capacity() {
            counter.increment(1);
            histogram.record(black_box(7.5));
            let now = Instant::now();
            took.push(u32::try_from((now - last).as_nanos()).unwrap_or(u32::MAX));
            last = now;
        }
        took
    };
    let time = Duration::from_secs(2);
    distribution("without flushes", loop_for(time));
    let is_over = AtomicBool::new(false);
    let mut flushes = 0;
    let took = thread::scope(|scope| {
        let recording = scope.spawn(|| {
            let took = loop_for(time);
            is_over.store(true, Ordering::Relaxed);
            took
        });
        while !is_over.load(Ordering::Relaxed) {
            if flushes % 10 == 0 {
                series.record();
            }
            flush(runtime, cloudwatch);
            flushes += 1;
        }
        recording.join().expect("it does not panic")
    });
    distribution(&format!("during {flushes} flushes"), took);
}

fn distribution(name: &str, mut took: Vec<u32>) {
    took.sort_unstable();
    print!("two records, {name}, ns:");
    for (label, share) in [
        ("p50", 0.5),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("p99.99", 0.9999),
    ] {
        print!(" {label} {}", took[(took.len() as f64 * share) as usize]);
    }
    let slow = took.iter().filter(|&&took| took > 50_000).count();
    println!(
        " max {}; {slow} of {} over 50 us",
        took[took.len() - 1],
        took.len()
    );
}

/// A client whose requests end where a connection would begin.
#[derive(Debug)]
struct Nowhere;

impl HttpClient for Nowhere {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self)
    }
}

impl HttpConnector for Nowhere {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        black_box(request);
        HttpConnectorFuture::ready(Err(ConnectorError::user("nowhere".into())))
    }
}

fn nowhere() -> Config {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
        .http_client(SharedHttpClient::new(Nowhere))
        .build()
}
