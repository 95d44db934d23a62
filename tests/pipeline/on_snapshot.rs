//! Functions that are asked before a snapshot. Their threads do not follow the paused clock: while one is to be waited
//! for, a task keeps the time from going on.

use crate::fixtures::polls::until;
use crate::fixtures::started::minute;
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, FlushError, ManualClock, MemorySink, StorageResolution,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Time stands still until it is aborted.
fn busy() -> JoinHandle<()> {
    tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    })
}

/// How often it was called.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicU64>);

impl Calls {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A recorder that the function gets once it is there.
type Late = Arc<OnceLock<metrics_exporter_cloudwatch::CloudWatchRecorder>>;

fn record(recorder: &Late, record: impl FnOnce()) {
    metrics::with_local_recorder(recorder.get().unwrap(), record);
}

fn run(builder: CloudWatchBuilder, recorder: &Late) -> (CloudWatchHandle, ManualClock, MemorySink) {
    let (sink, clock) = (MemorySink::new(), ManualClock::new(minute()));
    let builder = builder.with_clock(clock.clone());
    let builder = builder.with_send_jitter(Duration::ZERO);
    let (made, exporter) = builder.with_sink("test", sink.clone()).build().unwrap();
    let cloudwatch = exporter.handle();
    recorder.set(made).ok().unwrap();
    tokio::spawn(exporter.run());
    (cloudwatch, clock, sink)
}

#[tokio::test(start_paused = true)]
async fn what_it_records_is_in_the_snapshot_that_asks() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let (recorder, calls) = (Arc::clone(&recorder), calls.clone());
        move || {
            let call = calls.add();
            record(&recorder, || gauge!("pool").set(call as f64));
        }
    });
    let (cloudwatch, clock, sink) = run(builder, &recorder);
    let standing = busy();
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(sink.sum("pool", &[]), 1.0);
    // Not again within ten seconds.
    record(&recorder, || counter!("n").increment(1));
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!((sink.take().len(), calls.get()), (2, 1));
    standing.abort();
    tokio::time::sleep(10 * SECOND).await;
    // As a window ends.
    let standing = busy();
    clock.advance(Duration::from_mins(1));
    until(|| sink.sum("pool", &[]) == 2.0).await;
    assert_eq!(sink.take()[0].timestamp(), minute());
    standing.abort();
    tokio::time::sleep(10 * SECOND).await;
    let standing = busy();
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!((sink.sum("pool", &[]), calls.get()), (3.0, 3));
    standing.abort();
}

#[tokio::test(start_paused = true)]
async fn windows_of_a_second_ask_every_ten() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let builder = CloudWatchBuilder::new("Test").with_storage_resolution(StorageResolution::High);
    let builder = builder.on_snapshot({
        let calls = calls.clone();
        move || {
            calls.add();
        }
    });
    let (cloudwatch, clock, _) = run(builder, &recorder);
    for second in 1..=30 {
        record(&recorder, || counter!("n").increment(1));
        let standing = busy();
        clock.advance(SECOND);
        until(|| cloudwatch.stats().delivered.data == second).await;
        standing.abort();
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(calls.get(), 3);
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
async fn a_flush_without_time_does_not_wait() {
    let recorder = Late::default();
    let (_release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let builder = CloudWatchBuilder::new("Test");
    let builder = builder.on_snapshot(move || {
        let _ = gate.lock().unwrap().recv();
    });
    let (cloudwatch, _, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    for time in [300, 0] {
        let before = Instant::now();
        let time = Duration::from_millis(time);
        let report = cloudwatch.flush().within(time).await.unwrap();
        assert_eq!(before.elapsed(), time);
        assert!(report.entered.data <= 1);
    }
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 1.0);
}

/// Nor for a function that the end of a window waits for.
#[tokio::test(start_paused = true)]
async fn a_flush_as_a_window_ends_keeps_its_time() {
    let recorder = Late::default();
    let (_release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let builder = CloudWatchBuilder::new("Test").on_snapshot(move || {
        let _ = gate.lock().unwrap().recv();
    });
    let (cloudwatch, clock, sink) = run(builder, &recorder);
    record(&recorder, || counter!("n").increment(1));
    clock.advance(Duration::from_mins(1));
    // The exporter sees that the window is over, and waits.
    tokio::time::sleep(SECOND / 4).await;
    let (before, time) = (Instant::now(), SECOND / 4);
    let _ = cloudwatch.flush().within(time).await.unwrap();
    assert_eq!(before.elapsed(), time);
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(
        (sink.sum("n", &[]), sink.data()[0].timestamp()),
        (1.0, minute())
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_stops_nothing() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let calls = calls.clone();
        move || assert!(calls.add() > 2, "on purpose")
    });
    let (cloudwatch, ..) = run(builder, &recorder);
    for call in 1..=4 {
        let standing = busy();
        assert!(cloudwatch.flush().await.unwrap().is_complete());
        standing.abort();
        assert_eq!(calls.get(), call);
        tokio::time::sleep(10 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_within_is_an_error() {
    let recorder = Late::default();
    let handle = Arc::<OnceLock<CloudWatchHandle>>::default();
    let (answer, answers) = mpsc::channel();
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let handle = Arc::clone(&handle);
        move || {
            let flushed = handle.get().unwrap().flush().blocking();
            answer.send(flushed.unwrap_err()).unwrap();
        }
    });
    let (cloudwatch, ..) = run(builder, &recorder);
    handle.set(cloudwatch.clone()).ok().unwrap();
    let standing = busy();
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    standing.abort();
    assert_eq!(answers.recv().unwrap(), FlushError::WithinSnapshot);
}
