//! What a drain costs, beside what the SDK takes for what it drained, and what records cost meanwhile.
//!
//! `cargo bench --bench drain` prints medians and distributions; a drain is timed as a flush to a sink in
//! memory, so that encoding and packing are in it.

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
    Batch, CloudWatchBuilder, CloudWatchHandle, PutMetricData, Sending, Sink,
};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const COUNTERS: usize = 100_000;
const HISTOGRAMS: usize = 10_000;
const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);

fn main() {
    let sink = Kept::default();
    let builder = CloudWatchBuilder::new("Bench").with_sink(sink.clone());
    let (recorder, exporter) = builder.build().expect("it has a sink");
    let cloudwatch = exporter.handle();
    let runtime = Runtime::new().expect("there are threads");
    runtime.spawn(exporter.run());
    let counters: Vec<Counter> = (0..COUNTERS)
        .map(|n| recorder.register_counter(&key("counter", n), &METADATA))
        .collect();
    look(&runtime, &cloudwatch, counters.len());
    let histograms: Vec<Histogram> = (0..HISTOGRAMS)
        .map(|n| recorder.register_histogram(&key("histogram", n), &METADATA))
        .collect();
    let record = || {
        for counter in &counters {
            counter.increment(1);
        }
        for histogram in &histograms {
            (0..20).for_each(|n| histogram.record(f64::from(n) + 0.5));
        }
    };
    active(&runtime, &cloudwatch, &sink, &record);
    latencies(&runtime, &cloudwatch, &recorder, &record);
}

/// Keeps batches as they are.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Batch>>>);

impl Kept {
    fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.0.lock().expect("nobody panics"))
    }
}

impl Sink for Kept {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        self.0.lock().expect("nobody panics").push(batch.clone());
        Box::pin(std::future::ready(Ok(())))
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

#[repr(align(64))]
struct Apart(AtomicU64);

fn look(runtime: &Runtime, cloudwatch: &CloudWatchHandle, series: usize) {
    let atomics: Vec<Apart> = (0..series).map(|_| Apart(AtomicU64::new(0))).collect();
    let walk = || {
        let start = Instant::now();
        let values = atomics
            .iter()
            .map(|Apart(atomic)| atomic.load(Ordering::Relaxed));
        black_box(values.sum::<u64>());
        start.elapsed().as_secs_f64() * 1e3
    };
    let (looks, walks): (Vec<_>, Vec<_>) = (0..51)
        .map(|_| (flush(runtime, cloudwatch), walk()))
        .unzip();
    let (look, walk) = (median(looks), median(walks));
    let ratio = look / walk;
    println!(
        "{series} idle counters: {look:.2} ms, a walk over atomics: {walk:.2} ms, ratio {ratio:.2}"
    );
}

fn active(runtime: &Runtime, cloudwatch: &CloudWatchHandle, sink: &Kept, record: &dyn Fn()) {
    let put = PutMetricData::new(Client::from_conf(nowhere()));
    let runs = (0..7).map(|_| {
        record();
        sink.take();
        let drain = flush(runtime, cloudwatch);
        let start = Instant::now();
        for batch in sink.take() {
            // It fails once the request is made, compressed and signed.
            runtime
                .block_on(put.send(&batch))
                .expect_err("it goes nowhere");
        }
        (drain, start.elapsed().as_secs_f64() * 1e3)
    });
    let (drains, sdks): (Vec<_>, Vec<_>) = runs.unzip();
    let (drain, sdk) = (median(drains), median(sdks));
    let ratio = drain / sdk;
    println!(
        "{COUNTERS} counters and {HISTOGRAMS} histograms: drained, encoded and packed in {drain:.0} ms; \
         the SDK takes {sdk:.0} ms; ratio {ratio:.2}"
    );
}

/// Records by two handles, each timed, without drains and while drains run back to back.
fn latencies(
    runtime: &Runtime,
    cloudwatch: &CloudWatchHandle,
    recorder: &dyn Recorder,
    record: &dyn Fn(),
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
    distribution("without drains", loop_for(time));
    let is_over = AtomicBool::new(false);
    let mut drains = 0;
    let took = thread::scope(|scope| {
        let recording = scope.spawn(|| {
            let took = loop_for(time);
            is_over.store(true, Ordering::Relaxed);
            took
        });
        while !is_over.load(Ordering::Relaxed) {
            if drains % 10 == 0 {
                record();
            }
            flush(runtime, cloudwatch);
            drains += 1;
        }
        recording.join().expect("it does not panic")
    });
    distribution(&format!("during {drains} drains"), took);
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
