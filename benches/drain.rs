//! What a drain costs, beside what the SDK takes for what it drained, and what records cost meanwhile.
//!
//! `cargo bench --bench drain` prints medians and distributions. A drain is timed by itself, in the registry, whose
//! source files are compiled into this, and as a flush to a sink in memory: so encoding, packing and the way there are
//! in it, too.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the registry's source files are here for its drain alone"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "nanoseconds, and shares of how many there are"
)]

#[path = "../src/aggregate/mod.rs"]
mod aggregate;
mod beside;
#[path = "../src/bits.rs"]
mod bits;
#[path = "../src/cbor.rs"]
mod cbor;
#[path = "../src/dimension.rs"]
mod dimension;
#[path = "../src/limits.rs"]
mod limits;
#[path = "../src/refusal.rs"]
mod refusal;
#[path = "../src/registry/mod.rs"]
mod registry;
#[path = "../src/sync.rs"]
mod sync;

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
    Batch, CloudWatchBuilder, CloudWatchHandle, MetricKindMask, PutMetricData, Sending, Sink,
};
use registry::{IdleTimeout, Registry};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
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
    let registry = Registry::new(Arc::default(), IdleTimeout::NEVER);
    // All of them live until the end: memory that is given back by the 100,000 would slow down what comes after.
    let [with_timeout, with_gauges] = [Some(Duration::from_hours(1)), None].map(|timeout| {
        let mask = MetricKindMask::ALL;
        Registry::new(Arc::default(), IdleTimeout { mask, timeout })
    });
    look(&runtime, &cloudwatch, &recorder, [&registry, &with_timeout]);
    gauges(&with_gauges);
    let series = Series::new(
        |key| recorder.register_counter(key, &METADATA),
        |key| recorder.register_histogram(key, &METADATA),
    );
    let alone = Series::new(|key| registry.counter(key), |key| registry.histogram(key));
    let alone = || {
        alone.record();
        drain(&registry)
    };
    active(&runtime, &cloudwatch, &sink, &series, &alone);
    latencies(&runtime, &cloudwatch, &recorder, &series);
}

struct Series {
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

impl Series {
    fn new(counter: impl Fn(&Key) -> Counter, histogram: impl Fn(&Key) -> Histogram) -> Self {
        let keys = |name, count| (0..count).map(move |n| key(name, n));
        Self {
            counters: keys("counter", COUNTERS).map(|key| counter(&key)).collect(),
            histograms: keys("histogram", HISTOGRAMS)
                .map(|key| histogram(&key))
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

/// Keeps batches, if it is to.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Vec<Batch>>>>);

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
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        if let Some(kept) = &mut *self.0.lock().expect("nobody panics") {
            kept.push(batch.clone());
        }
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

fn drain(registry: &Registry) -> f64 {
    let start = Instant::now();
    registry.drain(SystemTime::now(), false, |drained| {
        black_box(drained);
    });
    start.elapsed().as_secs_f64() * 1e3
}

/// Drains of counters that nobody touches.
fn look(
    runtime: &Runtime,
    cloudwatch: &CloudWatchHandle,
    recorder: &dyn Recorder,
    [registry, with_timeout]: [&Registry; 2],
) {
    for key in (0..COUNTERS).map(|n| key("counter", n)) {
        recorder.register_counter(&key, &METADATA).increment(1);
        registry.counter(&key).increment(1);
        with_timeout.counter(&key).increment(1);
    }
    let atomics: Vec<Apart> = (0..COUNTERS).map(|_| Apart(AtomicU64::new(0))).collect();
    let walk = || {
        let start = Instant::now();
        let values = atomics
            .iter()
            .map(|Apart(atomic)| atomic.load(Ordering::Relaxed));
        black_box(values.sum::<u64>());
        start.elapsed().as_secs_f64() * 1e3
    };
    let runs = || {
        [
            drain(registry),
            drain(with_timeout),
            flush(runtime, cloudwatch),
            walk(),
        ]
    };
    // The first has something to drain.
    runs();
    let runs: Vec<[f64; 4]> = std::iter::repeat_with(runs).take(51).collect();
    let medians = std::array::from_fn(|which| median(runs.iter().map(|run| run[which]).collect()));
    let [alone, timed, flush, walk] = medians;
    println!(
        "a look at {COUNTERS} idle counters: {alone:.3} ms, with a time-out {timed:.3} ms, in a flush {flush:.3} ms; \
         a walk over atomics: {walk:.3} ms; ratios {:.2}, {:.2}, {:.2}",
        alone / walk,
        timed / walk,
        flush / walk
    );
}

/// Gauges that nobody touches, which are told in every window.
fn gauges(registry: &Registry) {
    for key in (0..COUNTERS).map(|n| key("gauge", n)) {
        registry.gauge(&key).set(1.0);
    }
    let drain = |repeat| {
        let start = Instant::now();
        registry.drain(SystemTime::now(), repeat, |drained| {
            black_box(drained);
        });
        start.elapsed().as_secs_f64() * 1e3
    };
    drain(true);
    let (tolds, looks): (Vec<_>, Vec<_>) = (0..51).map(|_| (drain(true), drain(false))).unzip();
    println!(
        "{COUNTERS} idle gauges: told in {:.2} ms, and looked at within a window in {:.3} ms",
        median(tolds),
        median(looks)
    );
}

fn active(
    runtime: &Runtime,
    cloudwatch: &CloudWatchHandle,
    sink: &Kept,
    series: &Series,
    alone: &dyn Fn() -> f64,
) {
    let put = PutMetricData::new(Client::from_conf(nowhere()));
    let (mut drains, mut flushes, mut sdks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        drains.push(alone());
        series.record();
        flushes.push(flush(runtime, cloudwatch));
        series.record();
        sink.keep();
        flush(runtime, cloudwatch);
        let start = Instant::now();
        for batch in sink.take() {
            // It fails once the request is made, compressed and signed.
            runtime
                .block_on(put.send(&batch))
                .expect_err("it goes nowhere");
        }
        sdks.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (drain, flush, sdk) = (median(drains), median(flushes), median(sdks));
    println!(
        "{COUNTERS} counters and {HISTOGRAMS} histograms: drained in {drain:.1} ms; drained, encoded, packed and \
         delivered in {flush:.1} ms; the SDK takes {sdk:.0} ms; ratios {:.2}, {:.2}",
        drain / sdk,
        flush / sdk
    );
}

/// Records by two handles, each timed, without drains and while drains run back to back.
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
                series.record();
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
