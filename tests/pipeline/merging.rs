//! What waits in small batches goes in few requests, with the accounts of each batch its own.

use crate::fixtures::refusing::Refusing;
use crate::fixtures::scripted::{Fault, Scripted};
use crate::fixtures::started::{Started, minute};
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, Datum, Guarantee, Matcher, MetricSettings};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

fn builder() -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test")
        .with_jitter_seed(7)
        .with_flush_timeout(Duration::from_hours(1))
}

/// So many windows of two data, which wait.
async fn windows(test: &Started, windows: u64) {
    for window in 0..windows {
        test.record(|| {
            counter!("n").increment(window + 1);
            counter!("billed").increment(1);
        });
        test.advance(MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn windows_that_waited_go_in_one_request_of_each_kind() {
    let sink = Scripted::failing();
    let at_most_once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
    let builder = builder().with_sink("test", sink.clone());
    let test = Started::new(builder.with_metric_settings(Matcher::exact("billed"), at_most_once));
    windows(&test, 600).await;
    assert_eq!(test.cloudwatch.stats().pending.data, 1_200);
    sink.recover();
    let before = sink.calls();
    test.flush().await;
    assert_eq!(sink.calls() - before, 2);
    assert_eq!(sink.memory.sum("n", &[]), f64::from(600 * 601 / 2));
    let stamps: BTreeSet<_> = sink.memory.data().iter().map(Datum::timestamp).collect();
    assert_eq!(stamps.len(), 600);
}

#[tokio::test(start_paused = true)]
async fn a_request_has_no_more_than_the_sink_takes() {
    let sink = Scripted::failing();
    let test = Started::new(builder().with_sink("test", sink.clone()));
    windows(&test, 1_100).await;
    sink.recover();
    let before = sink.calls();
    test.flush().await;
    assert_eq!(sink.calls() - before, 3, "2,200 data, 1,000 at a time");
}

/// Each flush is told of its own window, though the requests are shared.
#[tokio::test(start_paused = true)]
async fn each_batch_has_its_own_outcome() {
    let sink = Refusing::default();
    sink.state().bad = BTreeSet::from(["bad".to_owned()]);
    sink.state().names = 1;
    sink.state().refuses_all = Some(crate::fixtures::refusing::Everything::Throttled);
    let test = Started::new(builder().with_sink("test", sink.clone()));
    test.record(|| {
        counter!("bad").increment(5);
        counter!("n").increment(1);
    });
    let first = test.cloudwatch.clone();
    let first = tokio::spawn(async move { first.flush().await.unwrap() });
    test.settle().await;
    test.advance(MINUTE).await;
    test.record(|| counter!("n").increment(2));
    let second = test.cloudwatch.clone();
    let second = tokio::spawn(async move { second.flush().await.unwrap() });
    test.settle().await;
    sink.state().refuses_all = None;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(
        (first.refused.samples, first.delivered.samples),
        (5, 1),
        "{first}"
    );
    // What waited before it is its own, too.
    assert_eq!(
        (second.refused.samples, second.delivered.samples),
        (5, 3),
        "{second}"
    );
    let state = sink.state();
    let arrived: Vec<_> = state
        .arrived
        .iter()
        .map(|((name, at), times)| (name.as_str(), *at, times.len()))
        .collect();
    assert_eq!(arrived, [("n", minute(), 1), ("n", minute() + MINUTE, 1)]);
}

/// Two hours of windows that were throttled away are gone soon after throttling ends.
#[tokio::test(start_paused = true)]
async fn after_throttling_the_pace_comes_back_within_seconds() {
    let sink = Scripted::new(vec![Fault::Throttled; 100_000]);
    let test = Started::new(builder().with_sink("test", sink.clone()));
    for _ in 0..7_200 {
        test.record(|| counter!("n").increment(1));
        test.clock.advance(Duration::from_mins(1));
        test.settle().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // At most one every five seconds, or ten.
    assert!(sink.calls() < 7_200 / 5, "{}", sink.calls());
    sink.recover();
    let start = Instant::now();
    test.flush().await;
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(sink.memory.sum("n", &[]), 7_200.0);
}
