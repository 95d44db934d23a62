//! Eight threads, a million operations each, drains all the while, the real SDK over HTTP: what
//! arrives is what was recorded.

use crate::fixtures::started::{Started, local, minute, to};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchRecorder, HistogramForm, ManualClock, MetricSettings,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const THREADS: u64 = 8;
const OPERATIONS: u64 = 1_000_000;

/// One of eight kinds of operation in turn; each comes `OPERATIONS / 8` times to a thread.
fn record(thread: u64, drains: &AtomicU64) {
    let own = thread.to_string();
    let cached: (Counter, Gauge, Histogram) = (
        counter!("cached"),
        gauge!("depth"),
        histogram!("wide", "thread" => own.clone()),
    );
    for operation in 0..OPERATIONS {
        // However fast it goes, drains have to come in between.
        while operation == OPERATIONS / 2 && drains.load(Ordering::Relaxed) < 10 {
            thread::yield_now();
        }
        let turn = operation / 8;
        match operation % 8 {
            0 => counter!("shared").increment(1),
            1 => counter!("own", "thread" => own.clone()).increment(turn % 7),
            2 => cached.0.increment(thread + 1),
            // Each thread's total only grows, and all end at the same.
            3 => counter!("total").absolute((turn + 1) * 10),
            4 => cached.1.increment(1),
            5 => cached.1.decrement(1),
            // Up to 140 distinct integers fit a datum as they are.
            6 => histogram!("narrow").record((turn % 140 + 1) as f64),
            _ => {
                let value = (turn * THREADS + thread) as f64;
                cached.2.record(value);
                histogram!("broad").record(value / 8.0);
            }
        }
    }
}

async fn read(client: &Client, name: &str, thread: Option<u64>, until: DateTime) -> Datapoint {
    let dimension = thread.map(|n| {
        Dimension::builder()
            .name("thread")
            .value(n.to_string())
            .build()
    });
    let statistics = client
        .get_metric_statistics()
        .namespace("Test")
        .metric_name(name)
        .set_dimensions(dimension.map(|dimension| vec![dimension]))
        .start_time(DateTime::from_secs(0))
        .end_time(until)
        // All windows in one, as the clock starts where the second such period does.
        .period(60 * 29_166_667)
        .set_statistics(Some(
            Statistic::values()
                .iter()
                .map(|&name| name.into())
                .collect(),
        ))
        .send()
        .await
        .unwrap();
    let [datapoint] = statistics.datapoints() else {
        panic!("{name}: {statistics:?}")
    };
    datapoint.clone()
}

fn on_threads(
    recorder: &CloudWatchRecorder,
    drains: &Arc<AtomicU64>,
) -> Vec<thread::JoinHandle<()>> {
    (0..THREADS)
        .map(|thread| {
            let (recorder, drains) = (recorder.clone(), Arc::clone(drains));
            thread::spawn(move || {
                metrics::with_local_recorder(&recorder, || record(thread, &drains));
            })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_what_was_recorded() {
    let clock = ManualClock::new(minute());
    let local = local(&clock).await;
    let settings = MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet);
    let builder = to(&local).with_metric_settings("wide", settings);
    let test = Started::by_clock(builder, clock.clone());
    let drains = Arc::default();
    let threads = on_threads(&test.recorder, &drains);
    while threads.iter().any(|thread| !thread.is_finished()) {
        test.flush().await;
        drains.fetch_add(1, Ordering::Relaxed);
        clock.advance(Duration::from_secs(7));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    test.flush().await;

    let client = local.client();
    let until = DateTime::from(clock.now() + Duration::from_mins(1));
    let turns = OPERATIONS / 8;
    let sum = |datapoint: &Datapoint| datapoint.sum().unwrap();
    assert_eq!(
        sum(&read(&client, "shared", None, until).await),
        (THREADS * turns) as f64
    );
    let cached = read(&client, "cached", None, until).await;
    assert_eq!(sum(&cached), (turns * THREADS * (THREADS + 1) / 2) as f64);
    assert_eq!(
        sum(&read(&client, "total", None, until).await),
        (turns * 10) as f64
    );

    let depth = read(&client, "depth", None, until).await;
    assert!(depth.minimum().unwrap() >= 0.0 && depth.maximum().unwrap() <= THREADS as f64);
    let depths = local.received();
    let last = depths
        .iter()
        .rfind(|datum| datum.metric_name == "depth")
        .unwrap();
    assert_eq!(last.sum(), 0.0);

    let narrow = read(&client, "narrow", None, until).await;
    let expected: u64 = (0..turns).map(|turn| turn % 140 + 1).sum::<u64>() * THREADS;
    assert_eq!(narrow.sample_count(), Some((THREADS * turns) as f64));
    assert_eq!(
        (narrow.sum(), narrow.minimum(), narrow.maximum()),
        (Some(expected as f64), Some(1.0), Some(140.0))
    );

    // Too many different values for one datum: merged ones, that add up all the same.
    let broad = read(&client, "broad", None, until).await;
    let expected: f64 = (0..THREADS * turns).map(|n| n as f64 / 8.0).sum();
    assert_eq!(broad.sample_count(), Some((THREADS * turns) as f64));
    assert!(
        (sum(&broad) - expected).abs() <= expected * 1e-12,
        "{broad:?}"
    );
    assert_eq!(broad.minimum(), Some(0.0));
    assert_eq!(broad.maximum(), Some((THREADS * turns - 1) as f64 / 8.0));

    for thread in 0..THREADS {
        let own = read(&client, "own", Some(thread), until).await;
        assert_eq!(
            sum(&own),
            (0..turns).map(|turn| turn % 7).sum::<u64>() as f64
        );
        let wide = read(&client, "wide", Some(thread), until).await;
        let value = |turn| (turn * THREADS + thread) as f64;
        assert_eq!(wide.sample_count(), Some(turns as f64));
        assert_eq!(sum(&wide), (0..turns).map(value).sum::<f64>());
        assert_eq!(
            (wide.minimum(), wide.maximum()),
            (Some(value(0)), Some(value(turns - 1)))
        );
    }
}
