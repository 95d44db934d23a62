//! How long a task of the application's waits for its turn while snapshots are taken: on the exporter's runtime, and with
//! the exporter on a thread of its own.
//!
//! `cargo bench --bench runtime` prints the latencies of a task that yields all the time, on a current-thread runtime,
//! with 100,000 counters and 10,000 histograms and a flush after the other.

use metrics::{Counter, Histogram, counter, histogram, with_local_recorder};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, Matcher, MemorySink, MetricSettings,
};
use std::time::{Duration, Instant};

const COUNTERS: usize = 100_000;
const HISTOGRAMS: usize = 10_000;
const LENGTH: Duration = Duration::from_secs(3);

struct Series(Vec<Counter>, Vec<Histogram>);

impl Series {
    fn record(&self) {
        self.0.iter().for_each(|counter| counter.increment(1));
        self.1.iter().for_each(|histogram| histogram.record(1.5));
    }
}

fn main() {
    for is_apart in [false, true] {
        let sink = MemorySink::new().with_max_values(150);
        let builder = CloudWatchBuilder::new("Bench")
            .with_sink("memory", sink.clone())
            .with_max_series(None)
            .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
        let (recorder, exporter) = builder.build().expect("it has a sink");
        let cloudwatch = exporter.handle();
        let series = with_local_recorder(&recorder, || {
            let name = |n: usize| n.to_string();
            let counters = (0..COUNTERS).map(|n| counter!("n", "number" => name(n)));
            let histograms = (0..HISTOGRAMS).map(|n| histogram!("h", "number" => name(n)));
            Series(counters.collect(), histograms.collect())
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("there are threads");
        if is_apart {
            exporter.run_on_thread().expect("there are threads");
        } else {
            runtime.spawn(exporter.run());
        }
        let mut turns = runtime.block_on(turns(&cloudwatch, &series, &sink));
        turns.sort_unstable();
        let at = |thousandths: usize| {
            let turn = turns[(turns.len() - 1) * thousandths / 1_000];
            turn.as_secs_f64() * 1e3
        };
        println!(
            "{}: {} turns, ms: median {:.4}, 99.9 % {:.3}, longest {:.1}",
            if is_apart {
                "on a thread of its own"
            } else {
                "on the application's runtime"
            },
            turns.len(),
            at(500),
            at(999),
            at(1_000),
        );
    }
}

/// The time from one turn of the application's task to the next, while somebody flushes.
async fn turns(cloudwatch: &CloudWatchHandle, series: &Series, sink: &MemorySink) -> Vec<Duration> {
    let flushing = cloudwatch.clone();
    let flushing = tokio::spawn(async move {
        loop {
            let _ = flushing.flush().await;
        }
    });
    let (start, mut turns) = (Instant::now(), Vec::new());
    while start.elapsed() < LENGTH {
        series.record();
        let _ = sink.take();
        for _ in 0..1_000 {
            let before = Instant::now();
            tokio::task::yield_now().await;
            turns.push(before.elapsed());
        }
    }
    flushing.abort();
    turns
}
