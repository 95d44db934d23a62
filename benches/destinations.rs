//! What a second destination costs beside the first: the time of a flush, and memory once all series are known.
//!
//! `cargo bench --bench destinations` prints medians of runs in turn. Sinks keep nothing. Series are 100,000 counters and
//! 10,000 histograms of 20 samples.

#![allow(clippy::cast_precision_loss, reason = "bytes")]

mod beside;

use beside::median;
use metrics::{Counter, Histogram, Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, CloudWatchHandle, Datum, Destination, Matcher,
    MetricSettings, Profile, SendError, Sent, Sink,
};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};

const COUNTERS: usize = 100_000;
const HISTOGRAMS: usize = 10_000;
const SERIES: usize = COUNTERS + HISTOGRAMS;
const ROUNDS: usize = 9;
const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);

/// Takes everything, and keeps nothing.
struct Gone(Profile);

impl Sink for Gone {
    fn profile(&self) -> Profile {
        self.0
    }

    fn added_len(&self, _: &Batch, datum: &Datum) -> usize {
        datum.name().len() + 50
    }

    async fn send(&self, _: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        Ok(Sent::default())
    }
}

struct Rig {
    runtime: Runtime,
    cloudwatch: CloudWatchHandle,
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

impl Rig {
    fn new(destinations: impl IntoIterator<Item = Destination>) -> Self {
        let settings = MetricSettings::new().with_max_series(None);
        let builder = CloudWatchBuilder::new("Bench")
            .with_max_series(None)
            .with_metric_settings(Matcher::any(), settings);
        let builder = destinations
            .into_iter()
            .fold(builder, CloudWatchBuilder::with_destination);
        let (recorder, exporter) = builder.build().expect("the settings are in order");
        let cloudwatch = exporter.handle();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("there is a thread");
        runtime.spawn(exporter.run());
        let keys = |name, count| {
            (0..count).map(move |n: usize| {
                Key::from_parts(name, vec![Label::new("number", n.to_string())])
            })
        };
        let counters = keys("counter", COUNTERS);
        let histograms = keys("histogram", HISTOGRAMS);
        Self {
            counters: counters
                .map(|key| recorder.register_counter(&key, &METADATA))
                .collect(),
            histograms: histograms
                .map(|key| recorder.register_histogram(&key, &METADATA))
                .collect(),
            runtime,
            cloudwatch,
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

    /// Milliseconds.
    fn flush(&self, destination: Option<&str>) -> f64 {
        let flush = match destination {
            Some(name) => self.cloudwatch.flush_destination(name),
            None => self.cloudwatch.flush(),
        };
        let start = Instant::now();
        let report = self.runtime.block_on(flush).expect("it runs");
        assert!(report.is_complete(), "{report}");
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Bytes that stay of a flush, for each series.
    fn kept(&self, destination: Option<&str>) -> f64 {
        self.record();
        let kept = allocation_counter::measure(|| {
            self.flush(destination);
        });
        kept.bytes_current as f64 / SERIES as f64
    }
}

fn sent(name: &'static str) -> Destination {
    Destination::new(name, Gone(Profile::default()))
}

fn main() {
    let one = Rig::new([sent("a")]);
    let two = Rig::new([sent("a"), sent("b")]);
    let totals = Rig::new([Destination::new(
        "a",
        Gone(Profile::default().with_totals()),
    )]);
    let hidden = Rig::new([sent("a").without_labels(["host"])]);
    let (first, both) = (one.kept(None), two.kept(None));
    println!(
        "{SERIES} series: bytes for each of them: {first:.0}; the second destination {:.0} more; where labels are left out \
         {:.0}; totals {:.0}",
        both - first,
        hidden.kept(None),
        totals.kept(None)
    );
    println!(
        "kept for a destination while another one is flushed alone: {:.0} bytes more for each series",
        two.kept(Some("a"))
    );
    two.flush(None);
    let (mut alone, mut beside, mut ratios, mut cumulative) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        one.record();
        two.record();
        totals.record();
        let first = one.flush(None);
        let both = two.flush(None);
        alone.push(first);
        beside.push(both);
        ratios.push((both - first) / first);
        cumulative.push(totals.flush(None));
    }
    println!(
        "a flush to one: {:.1} ms; to two: {:.1} ms; the second costs {:.2} of the first; totals to one: {:.1} ms",
        median(alone),
        median(beside),
        median(ratios),
        median(cumulative)
    );
}
