//! The end of an exporter, in whatever state it is. Tokio's time is paused where something takes time.

use crate::fixtures::scripted::{Fault, Scripted, start};
use crate::fixtures::started::Started;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, CloudWatchRecorder, FlushError, Health, MemorySink,
};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_in_its_time_whatever_the_destination_does() {
    let sink = Scripted::new([Fault::Hang; 100]);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let test = Started::new(builder.with_max_in_flight(1));
    for amount in [3, 4] {
        test.record(|| counter!("n").increment(amount));
        test.advance(Duration::from_mins(1)).await;
    }
    let before = Instant::now();
    let report = test.cloudwatch.shutdown().within(2 * SECOND).await.unwrap();
    assert_eq!(before.elapsed(), 2 * SECOND);
    // The first was under way, and nobody will know; the other is lost, though no queue was full.
    assert_eq!((report.ambiguous.samples, report.dropped.samples), (3, 4));
    assert!(report.pending.is_zero() && report.health == Health::Ok);
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.ambiguous, stats.dropped, stats.pending),
        (report.ambiguous, report.dropped, report.pending)
    );
}

/// Levels and account are of one moment.
#[tokio::test(start_paused = true)]
async fn after_the_end_the_levels_are_those_of_what_is_pending() {
    let sink = Scripted::hanging();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let test = Started::new(builder);
    test.record(|| counter!("n").increment(3));
    test.advance(Duration::from_mins(1)).await;
    let report = test.cloudwatch.shutdown().within(2 * SECOND).await.unwrap();
    assert_eq!(report.ambiguous.samples, 3);
    let stats = test.cloudwatch.stats();
    assert!(stats.pending.is_zero());
    assert_eq!((stats.oldest_pending, stats.queue_bytes), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn everybody_who_shuts_it_down_or_flushes_meanwhile_is_answered_in_his_own_time() {
    let sink = Scripted::new([Fault::Hang; 100]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let before = Instant::now();
    let patient = tokio::spawn({
        let cloudwatch = test.cloudwatch.clone();
        async move {
            (
                cloudwatch.shutdown().within(30 * SECOND).await,
                Instant::now(),
            )
        }
    });
    test.settle().await;
    let hasty = test.cloudwatch.shutdown().within(2 * SECOND).await.unwrap();
    // It is tried on, as the other waits longer, so that nothing is given up.
    assert_eq!((before.elapsed(), hasty.pending.samples), (2 * SECOND, 3));
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.pending, stats.ambiguous),
        (hasty.pending, hasty.ambiguous)
    );
    let flush = test.cloudwatch.flush().within(SECOND).await.unwrap();
    assert_eq!((before.elapsed(), flush.pending.samples), (3 * SECOND, 3));
    let (report, end) = patient.await.unwrap();
    assert_eq!(
        (end - before, report.unwrap().ambiguous.samples),
        (30 * SECOND, 3)
    );
    test.settle().await;
    assert_eq!(
        test.cloudwatch.flush().await.unwrap_err(),
        FlushError::Stopped
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_while_it_stops_goes_nowhere() {
    let sink = Scripted::new([Fault::Transient; 5]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let stopping = tokio::spawn({
        let cloudwatch = test.cloudwatch.clone();
        async move { cloudwatch.shutdown().await.unwrap() }
    });
    test.settle().await;
    test.record(|| counter!("n").increment(4));
    test.advance(Duration::from_mins(5)).await;
    assert_eq!(stopping.await.unwrap().delivered.samples, 3);
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
}

/// An exporter on a thread of its own, with a sample recorded.
fn on_a_thread(sink: &MemorySink) -> (CloudWatchRecorder, CloudWatchHandle, JoinHandle<()>) {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    let thread = exporter.run_on_thread().unwrap();
    metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
    (recorder, handle, thread)
}

#[test]
fn the_last_handle_may_be_dropped_outside_of_a_runtime() {
    let sink = MemorySink::new();
    let (recorder, handle, thread) = on_a_thread(&sink);
    drop(handle);
    drop(recorder);
    thread.join().unwrap();
    assert_eq!(sink.sum("n", &[]), 3.0);
}

#[test]
fn the_last_handle_may_be_dropped_by_a_panic() {
    let sink = MemorySink::new();
    let (recorder, handle, thread) = on_a_thread(&sink);
    let panicking = std::thread::spawn(move || {
        let _held = (recorder, handle);
        panic!("somebody else's fault");
    });
    panicking.join().unwrap_err();
    thread.join().unwrap();
    assert_eq!(sink.sum("n", &[]), 3.0);
}

#[tokio::test]
async fn the_last_handle_may_be_dropped_by_a_panic_in_a_task() {
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    let running = tokio::spawn(exporter.run());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
    let panicking = tokio::spawn(async move {
        let _held = (recorder, handle);
        panic!("somebody else's fault");
    });
    assert!(panicking.await.unwrap_err().is_panic());
    running.await.unwrap();
    assert_eq!(sink.sum("n", &[]), 3.0);
}

/// Nobody waits for a task that is gone, wherever it was cut off.
#[test]
fn who_waits_when_the_runtime_ends_is_told() {
    let sink = Scripted::new([Fault::Hang; 100]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    let entered = runtime.enter();
    drop(runtime.spawn(exporter.run()));
    drop(entered);
    metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
    let waiting: Vec<_> = [false, true]
        .map(|is_last| {
            let handle = handle.clone();
            std::thread::spawn(move || {
                if is_last {
                    handle.shutdown().blocking()
                } else {
                    handle.flush().blocking()
                }
            })
        })
        .into();
    drop(runtime);
    for one in waiting {
        // Too late, or cut off: an answer in any case.
        assert_eq!(one.join().unwrap().unwrap_err(), FlushError::Stopped);
    }
}

/// An attempt from before the shutdown is all that is left. A flush waits for it no longer than its own time.
#[tokio::test(start_paused = true)]
async fn who_flushes_while_the_last_attempt_is_under_way_is_told_what_is_pending() {
    let sink = Scripted::new([Fault::Hang]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    test.advance(Duration::from_mins(1)).await;
    test.record(|| counter!("n").increment(4));
    let cloudwatch = test.cloudwatch.clone();
    let stopping = tokio::spawn(async move { cloudwatch.shutdown().within(30 * SECOND).await });
    test.settle().await;
    let before = Instant::now();
    let report = test.cloudwatch.flush().within(SECOND).await;
    assert_eq!(report.unwrap().pending.samples, 3);
    assert_eq!((before.elapsed(), stopping.is_finished()), (SECOND, false));
    assert_eq!(stopping.await.unwrap().unwrap().ambiguous.samples, 3);
}

#[tokio::test]
async fn where_it_will_run_is_not_known_before_it_does() {
    let (_recorder, exporter) = std::thread::spawn(|| {
        let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
        builder.build().unwrap()
    })
    .join()
    .unwrap();
    let handle = exporter.handle();
    // Called where there is no runtime, and spawned here.
    let running = std::thread::spawn(|| exporter.run()).join().unwrap();
    tokio::spawn(running);
    assert_eq!(
        handle.flush().within(SECOND).blocking().unwrap_err(),
        FlushError::OwnRuntime
    );
    assert!(handle.shutdown().await.unwrap().is_complete());
}

#[test]
fn whether_it_runs_can_be_seen() {
    let builder = || CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder().build().unwrap();
    let handle = exporter.handle();
    assert!(!handle.is_running(), "nobody runs it");
    let thread = exporter.run_on_thread().unwrap();
    assert!(handle.is_running());
    let _ = handle.shutdown().blocking().unwrap();
    assert!(!handle.is_running());
    thread.join().unwrap();
    // With its runtime.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (_recorder, exporter) = builder().build().unwrap();
    let handle = exporter.handle();
    runtime.spawn(exporter.run());
    assert!(handle.is_running());
    drop(runtime);
    assert!(!handle.is_running());
    assert_eq!(handle.flush().blocking().unwrap_err(), FlushError::Stopped);
}
