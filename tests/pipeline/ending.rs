//! Shutdown, dropped handles, and settings that cannot be.

use crate::fixtures::polls::until;
use crate::fixtures::started::InMemory;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    BuildError, CloudWatchBuilder, ConfigError, FlushError, MemorySink,
};

#[tokio::test]
async fn shutdown_flushes_and_then_nothing_answers() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| counter!("n").increment(2));
    let report = test.started.cloudwatch.shutdown().await.unwrap();
    assert_eq!(report.delivered.samples, 2);
    assert_eq!(test.sink.sum("n", &[]), 2.0);
    assert!(test.started.cloudwatch.flush().await.is_err());
    assert!(test.started.cloudwatch.shutdown().await.is_err());
    test.started.record(|| counter!("n").increment(2));
    assert_eq!(test.started.cloudwatch.stats().delivered.samples, 2);
}

#[tokio::test]
async fn dropping_all_handles_flushes_and_dropping_all_recorders_ends() {
    let sink = MemorySink::new();
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .build()
        .unwrap();
    let handle = exporter.handle();
    let running = tokio::spawn(exporter.run());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    drop(handle);
    until(|| sink.data().len() == 1).await;
    assert!(!running.is_finished(), "more can be recorded");
    metrics::with_local_recorder(&recorder, || counter!("n").increment(2));
    drop(recorder);
    running.await.unwrap();
    assert_eq!(sink.sum("n", &[]), 3.0);
}

#[test]
fn an_exporter_needs_no_runtime_of_the_application() {
    let sink = MemorySink::new();
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .build()
        .unwrap();
    let handle = exporter.handle();
    let thread = exporter.run_on_thread().unwrap();
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    assert!(handle.flush().blocking().unwrap().is_complete());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    assert!(handle.shutdown().blocking().unwrap().is_complete());
    thread.join().unwrap();
    assert_eq!(sink.sum("n", &[]), 2.0);
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_starts() {
    let build = |builder: CloudWatchBuilder| builder.build().unwrap_err();
    let to_memory =
        |namespace: &str| CloudWatchBuilder::new(namespace).with_sink("test", MemorySink::new());
    for (builder, message) in [
        (to_memory(""), r#"the namespace "" is empty"#),
        (
            to_memory("AWS/Lambda"),
            r#"the namespace "AWS/Lambda" starts with the reserved prefix AWS/"#,
        ),
        (to_memory(":x"), r#"the namespace ":x" starts with a colon"#),
        (
            to_memory("Test").with_dimension("stage", ""),
            r#"default dimensions: the value of dimension "stage" is empty"#,
        ),
        (
            (0..31).fold(to_memory("Test"), |builder, n| {
                builder.with_dimension(n.to_string(), "v")
            }),
            "default dimensions: 31 dimensions, more than 30",
        ),
        (
            to_memory("Test").with_queue_bytes(999_999),
            "a queue of 999999 bytes is too small for one request of 1000000",
        ),
        (
            to_memory("Test").with_request_timeout(std::time::Duration::ZERO),
            "a request time-out of zero",
        ),
        (
            to_memory("Test").with_flush_on_idle(std::time::Duration::ZERO),
            "an interval of zero between flushes on idle",
        ),
        (
            to_memory("Test").with_max_in_flight(0),
            "no request may be in flight",
        ),
        (
            CloudWatchBuilder::new("Test"),
            "nowhere to send to: call with_client or with_sink first, or build_with_default_client instead",
        ),
    ] {
        assert_eq!(build(builder).to_string(), message);
    }
    assert!(matches!(
        build(to_memory("")),
        BuildError::Config(ConfigError::Namespace { .. })
    ));
}

#[test]
fn a_client_without_a_region_is_refused() {
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(aws_sdk_cloudwatch::config::BehaviorVersion::latest())
        .build();
    let client = aws_sdk_cloudwatch::Client::from_conf(config);
    let error = CloudWatchBuilder::new("Test")
        .with_client(client)
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::NoRegion), "{error}");
}

#[test]
fn the_accounts_are_right_when_a_flush_is_answered() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    exporter.run_on_thread().unwrap();
    for flushes in 1..=2_000 {
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        assert!(handle.flush().blocking().unwrap().is_complete());
        let stats = handle.stats();
        assert_eq!(
            (stats.delivered.samples, stats.pending.samples),
            (flushes, 0)
        );
    }
}

#[tokio::test]
async fn who_waits_for_an_exporter_that_cannot_answer_is_told() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    assert_eq!(handle.flush().await.unwrap_err(), FlushError::NotRunning);
    let running = exporter.run();
    assert_eq!(
        handle.flush().blocking().unwrap_err(),
        FlushError::OwnRuntime
    );
    tokio::spawn(running);
    assert!(handle.flush().await.unwrap().is_complete());
    assert_eq!(
        handle.shutdown().blocking().unwrap_err(),
        FlushError::OwnRuntime
    );
    assert!(handle.shutdown().await.unwrap().is_complete());
    assert_eq!(handle.flush().await.unwrap_err(), FlushError::Stopped);
}

#[tokio::test]
async fn an_exporter_on_a_thread_of_its_own_can_be_waited_for_anywhere() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    exporter.run_on_thread().unwrap();
    assert!(handle.flush().blocking().unwrap().is_complete());
    assert!(handle.shutdown().blocking().unwrap().is_complete());
}

/// The exporter is woken on the thread that then blocks; another thread has to take it over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_of_the_runtime_may_block_for_a_flush() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    tokio::spawn(exporter.run());
    let flushing = tokio::spawn(async move {
        for _ in 0..100 {
            metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
            assert!(handle.flush().blocking().unwrap().is_complete());
            tokio::task::yield_now().await;
        }
    });
    // Only so that it fails, where it would hang.
    let hang = std::time::Duration::from_mins(1);
    tokio::time::timeout(hang, flushing).await.unwrap().unwrap();
}
