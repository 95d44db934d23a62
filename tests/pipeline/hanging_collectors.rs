//! What a collector costs that does not return: never the time of a flush, a shutdown or a window.

use crate::fixtures::collectors::{Calls, Late, busy, record, run};
use crate::fixtures::polls::until;
use crate::fixtures::started::minute;
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, MemorySink, StorageResolution};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A collector that hangs until the sender is dropped.
fn hanging() -> (CloudWatchBuilder, mpsc::Sender<()>) {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let builder = CloudWatchBuilder::new("Test").on_snapshot(move || {
        let _ = gate.lock().unwrap().recv();
    });
    (builder, release)
}

/// A collector that counts to `n` once the sender is dropped.
fn gated(recorder: &Late, calls: &Calls) -> (CloudWatchBuilder, mpsc::Sender<()>) {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (recorder, calls) = (Arc::clone(recorder), calls.clone());
    let builder = CloudWatchBuilder::new("Test").on_snapshot(move || {
        calls.add();
        let _ = gate.lock().unwrap().recv();
        record(&recorder, || counter!("n").increment(1));
    });
    (builder, release)
}

/// Seconds after the first minute, and sum, of each datum of `n`.
fn windows(sink: &MemorySink) -> Vec<(u64, f64)> {
    let data = sink.take();
    let data = data.iter().filter(|datum| datum.name() == "n");
    data.map(|datum| {
        let since = datum.timestamp().duration_since(minute()).unwrap();
        (since.as_secs(), datum.value().statistics().sum)
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_costs_one_second_once() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let (recorder, calls) = (Arc::clone(&recorder), calls.clone());
        move || {
            let call = calls.add();
            let _ = gate.lock().unwrap().recv();
            record(&recorder, || gauge!("pool").set(call as f64));
        }
    });
    let (cloudwatch, _, sink) = run(builder, &recorder);
    for (flush, longest) in [(1, SECOND), (2, Duration::ZERO), (3, Duration::ZERO)] {
        record(&recorder, || counter!("n").increment(1));
        let before = Instant::now();
        assert!(cloudwatch.flush().await.unwrap().is_complete());
        assert_eq!(
            (sink.sum("n", &[]), before.elapsed()),
            (f64::from(flush), longest)
        );
        tokio::time::sleep(10 * SECOND).await;
    }
    until(|| calls.get() == 1).await;
    assert_eq!(sink.sum("pool", &[]), 0.0);
    // It returns: what it recorded is in the next snapshot, and it is called again.
    drop(release);
    while sink.sum("pool", &[]) == 0.0 || calls.get() < 2 {
        tokio::time::sleep(10 * SECOND).await;
        assert!(cloudwatch.flush().await.unwrap().is_complete());
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_a_quarter_of_its_time() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let (cloudwatch, _, sink) = run(builder, &recorder);
    for (time, waits) in [(400, 100), (0, 0), (400, 0)] {
        record(&recorder, || counter!("n").increment(1));
        let before = Instant::now();
        let _ = cloudwatch.flush().within(millis(time)).await.unwrap();
        assert_eq!(before.elapsed(), millis(waits));
        sleep(10 * SECOND).await;
    }
    assert_eq!(windows(&sink).iter().map(|(_, sum)| sum).sum::<f64>(), 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_has_time_left_for_delivery() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let (cloudwatch, _, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    let report = cloudwatch.shutdown().within(SECOND).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(sink.sum("n", &[]), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_short_flush_does_not_wait_as_long_as_another() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let (cloudwatch, ..) = run(builder, &recorder);
    let before = Instant::now();
    let long = tokio::spawn(cloudwatch.flush().into_future());
    sleep(millis(50)).await;
    let short = cloudwatch.flush().within(millis(100)).await;
    assert!(short.unwrap().is_complete());
    assert_eq!(before.elapsed(), millis(75));
    assert!(long.await.unwrap().unwrap().is_complete());
    assert_eq!(before.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_flush_without_time_does_not_take_the_collectors_from_a_shutdown() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let (builder, release) = gated(&recorder, &calls);
    let (cloudwatch, _, sink) = run(builder, &recorder);
    let standing = busy();
    let last = tokio::spawn(cloudwatch.shutdown().into_future());
    until(|| calls.get() == 1).await;
    assert!(cloudwatch.flush().within(Duration::ZERO).await.is_ok());
    drop(release);
    assert!(last.await.unwrap().unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 1.0);
    standing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_those_that_a_flush_waits_for() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let (builder, release) = gated(&recorder, &calls);
    let (cloudwatch, _, sink) = run(builder, &recorder);
    let standing = busy();
    let flush = tokio::spawn(cloudwatch.flush().into_future());
    until(|| calls.get() == 1).await;
    let last = tokio::spawn(cloudwatch.shutdown().into_future());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(release);
    assert!(flush.await.unwrap().unwrap().is_complete());
    assert!(last.await.unwrap().unwrap().is_complete());
    assert_eq!((sink.sum("n", &[]), calls.get()), (1.0, 1));
    standing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_flush_as_a_window_ends_keeps_its_time() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let (cloudwatch, clock, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    clock.advance(MINUTE);
    // The exporter sees that the window is over, and waits.
    sleep(SECOND / 4).await;
    let (before, time) = (Instant::now(), millis(400));
    let report = cloudwatch.flush().within(time).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(before.elapsed(), time / 4);
    assert_eq!(windows(&sink), [(0, 1.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_ends_while_a_flush_waits_is_closed() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let (cloudwatch, clock, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    let flush = tokio::spawn(cloudwatch.flush().into_future());
    sleep(millis(50)).await;
    clock.advance(MINUTE);
    sleep(millis(50)).await;
    record(&recorder, || counter!("n").increment(10));
    assert!(flush.await.unwrap().unwrap().is_complete());
    assert_eq!(windows(&sink), [(0, 1.0), (60, 10.0)]);
}

/// A tenth of it at most is taken for what was recorded before its end.
#[tokio::test(start_paused = true)]
async fn a_window_of_a_second_has_its_own_timestamp() {
    let recorder = Late::default();
    let (builder, _release) = hanging();
    let builder = builder.with_storage_resolution(StorageResolution::High);
    let (_cloudwatch, clock, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    sleep(millis(10)).await;
    clock.advance(SECOND);
    sleep(millis(500)).await;
    // In the middle of the second window.
    clock.advance(millis(500));
    record(&recorder, || counter!("n").increment(10));
    sleep(millis(400)).await;
    clock.advance(millis(490));
    sleep(SECOND).await;
    clock.advance(SECOND);
    until(|| sink.data().len() == 2).await;
    assert_eq!(windows(&sink), [(0, 1.0), (1, 10.0)]);
}

/// As a process that was frozen is.
#[tokio::test(start_paused = true)]
async fn a_wait_is_not_taken_for_a_clock_that_jumped() {
    let recorder = Late::default();
    let (_release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let mut calls = 0;
    let builder = CloudWatchBuilder::new("Test").on_snapshot(move || {
        calls += 1;
        if calls > 1 {
            let _ = gate.lock().unwrap().recv();
        }
    });
    let builder = builder.with_storage_resolution(StorageResolution::High);
    let (cloudwatch, clock, sink) = run(builder, &recorder);
    let standing = busy();
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    standing.abort();
    sleep(millis(9_500)).await;
    // Too soon to ask again; but the window is drained.
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    record(&recorder, || counter!("n").increment(10));
    sleep(millis(600)).await;
    clock.advance(SECOND);
    sleep(millis(900)).await;
    clock.advance(SECOND);
    sleep(millis(200)).await;
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(windows(&sink), [(0, 10.0)]);
}
