//! Data that an application puts before the exporter runs.

use crate::fixtures::started::minute;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, ExplicitDatum, ManualClock, MemorySink, PutError,
};
use std::time::Duration;

/// As recorded samples do.
#[tokio::test]
async fn what_is_put_before_the_exporter_runs_waits_for_it() {
    let sink = MemorySink::new();
    let clock = ManualClock::new(minute());
    let builder = CloudWatchBuilder::new("Test").with_clock(clock.clone());
    let (_recorder, exporter) = builder.with_sink("test", sink.clone()).build().unwrap();
    let cloudwatch = exporter.handle();
    cloudwatch.put(ExplicitDatum::value("n", 3.0)).unwrap();
    assert!(cloudwatch.stats().entered.is_zero(), "nobody took it yet");
    clock.advance(Duration::from_mins(1));
    tokio::spawn(exporter.run());
    assert_eq!(cloudwatch.flush().await.unwrap().delivered.samples, 1);
    let data = sink.data();
    assert_eq!(data.len(), 1);
    assert_eq!(data[0].timestamp(), minute(), "when it was put");
}

#[tokio::test]
async fn what_waits_for_a_run_is_bounded() {
    let bytes = 1_000_000;
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.with_queue_bytes(bytes).build().unwrap();
    let cloudwatch = exporter.handle();
    let put = || cloudwatch.put(ExplicitDatum::value("n", 3.0));
    let taken = (0..bytes).take_while(|_| put().is_ok()).count();
    assert_eq!(put(), Err(PutError::QueueFull));
    tokio::spawn(exporter.run());
    let _ = cloudwatch.flush().await.unwrap();
    // A batch takes somewhat more in the queue than its data before: the oldest one may have to go, and is counted.
    let stats = cloudwatch.stats();
    assert_eq!(stats.entered.data, taken as u64, "{stats}");
    assert_eq!(
        stats.delivered.data + stats.dropped.data,
        taken as u64,
        "{stats}"
    );
    assert!(stats.dropped.data <= 1_000, "{stats}");
    put().unwrap();
}

#[tokio::test]
async fn nothing_can_be_put_into_an_exporter_that_never_will_run() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    drop(exporter);
    let datum = ExplicitDatum::value("n", 3.0);
    assert_eq!(cloudwatch.put(datum).unwrap_err(), PutError::Stopped);
}
