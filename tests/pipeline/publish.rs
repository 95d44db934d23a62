//! Publication after the outermost function: at once, so many a second at most, and the rest put together.
//!
//! Open scopes are the process's, and each of these tests needs that no other test opens one.

use crate::fixtures::alone::alone;
use crate::fixtures::polls::Polls;
use cloudwatch_local::{Local, ReceivedDatum};
use metrics_exporter_cloudwatch::{Clock, CloudWatchBuilder, ManualClock, MemorySink};
use metrics_timeit::attr::{count, timeit};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[count("calls")]
fn call() {}

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_hours(1)
}

#[timeit("api")]
#[timeit("api", "HTTP Method" => "GET")]
#[count("requests", "HTTP Method" => "GET")]
#[count("requests")]
fn process_api_request() {
    authenticate();
}

#[timeit("auth")]
#[count("auth requests")]
fn authenticate() {}

/// Name, dimensions and unit.
fn series(datum: &ReceivedDatum) -> (&str, Vec<(&str, &str)>, Option<&str>) {
    let dimensions = datum.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| (name.as_str(), value.as_str()));
    (
        &datum.metric_name,
        dimensions.collect(),
        datum.unit.as_deref(),
    )
}

/// The nested example of cloudwatch-metrics-buffer.
#[tokio::test]
async fn six_values_are_published_once_after_the_outermost_function() {
    alone!();
    let local = Local::start().await.unwrap();
    let (recorder, exporter) = CloudWatchBuilder::new("Some Namespace")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_secs(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());

    metrics::with_local_recorder(&recorder, process_api_request);
    let requests = local.requests_beyond(0).await;
    assert_eq!((requests.len(), requests[0].data), (1, 6));
    assert_eq!(requests[0].refusal, None);

    let mut received = local.received();
    received.sort_by_key(|datum| (datum.metric_name.clone(), datum.dimensions.clone()));
    let get = || vec![("HTTP Method", "GET")];
    let expected = [
        ("api", vec![], Some("Milliseconds")),
        ("api", get(), Some("Milliseconds")),
        ("auth", vec![], Some("Milliseconds")),
        ("auth requests", vec![], Some("Count")),
        ("requests", vec![], Some("Count")),
        ("requests", get(), Some("Count")),
    ];
    assert_eq!(received.iter().map(series).collect::<Vec<_>>(), expected);
    assert!(received.iter().all(|datum| datum.sample_count() == 1.0));
    assert!(received[3..].iter().all(|datum| datum.sum() == 1.0));

    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(local.requests().len(), 1, "nothing was left");
}

#[tokio::test(start_paused = true)]
async fn it_waits_neither_for_the_first_poll_nor_for_the_fleet() {
    alone!();
    let sink = MemorySink::new();
    let clock = ManualClock::new(start());
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_clock(clock.clone())
        .with_send_jitter(Duration::from_mins(1))
        .with_flush_on_idle(Duration::from_millis(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    let polls = Polls::default();
    let running = polls.of(exporter.run());
    metrics::with_local_recorder(&recorder, call);
    tokio::spawn(running);
    polls.settle().await;
    assert_eq!(sink.sum("calls", &[]), 1.0, "it was not polled then");
    for calls in 2..12 {
        // What a window's end sends is spread over the fleet; this is not.
        clock.advance(Duration::from_mins(1));
        polls.settle().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        metrics::with_local_recorder(&recorder, call);
        polls.settle().await;
        assert_eq!(sink.sum("calls", &[]), f64::from(calls));
    }
    let stopping = cloudwatch.shutdown();
    metrics::with_local_recorder(&recorder, call);
    assert!(stopping.await.unwrap().is_complete());
    // It is the shutdown that published it.
    metrics::with_local_recorder(&recorder, call);
    polls.settle().await;
    assert_eq!(sink.sum("calls", &[]), 12.0);
    drop(recorder);

    // At most one in all the time there is.
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let builder = builder.with_flush_on_idle(Duration::MAX).with_clock(clock);
    let (recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    let polls = Polls::default();
    tokio::spawn(polls.of(exporter.run()));
    for _ in 0..3 {
        metrics::with_local_recorder(&recorder, call);
        polls.settle().await;
    }
    assert_eq!(sink.sum("calls", &[]), 1.0);
    let _ = cloudwatch.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn publications_that_would_come_too_soon_are_put_together() {
    alone!();
    let sink = MemorySink::new();
    let clock = ManualClock::new(start());
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_clock(clock.clone())
        .with_flush_on_idle(Duration::from_millis(200))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    let polls = Polls::default();
    tokio::spawn(polls.of(exporter.run()));
    polls.settle().await;
    let calls = || {
        sink.data()
            .iter()
            .map(|datum| datum.value().statistics().sum)
            .collect::<Vec<_>>()
    };

    metrics::with_local_recorder(&recorder, call);
    polls.settle().await;
    assert_eq!(calls(), [1.0], "the first at once");
    for _ in 0..10 {
        metrics::with_local_recorder(&recorder, call);
        polls.settle().await;
    }
    assert_eq!(calls(), [1.0], "the next not sooner than it may");
    tokio::time::sleep(Duration::from_millis(201)).await;
    assert_eq!(calls(), [1.0, 10.0]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(calls(), [1.0, 10.0], "nothing was called");
    assert_eq!(clock.now(), start());
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
}
