//! Collectors: functions that are asked before a snapshot.

use crate::fixtures::collectors::{Calls, Late, busy, record, run};
use crate::fixtures::polls::until;
use crate::fixtures::started::minute;
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, FlushError, StorageResolution,
};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

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

#[tokio::test(start_paused = true)]
async fn a_shutdown_asks_however_soon() {
    let recorder = Late::default();
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let recorder = Arc::clone(&recorder);
        move || record(&recorder, || counter!("asked").increment(1))
    });
    let (cloudwatch, _, sink) = run(builder, &recorder);
    let standing = busy();
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    standing.abort();
    assert_eq!(sink.sum("asked", &[]), 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_waits_for_all_of_them() {
    let (recorder, calls) = (Late::default(), Calls::default());
    let (release, gate) = mpsc::channel::<()>();
    let builder = CloudWatchBuilder::new("Test").on_snapshot({
        let (recorder, calls) = (Arc::clone(&recorder), calls.clone());
        move || {
            record(&recorder, || counter!("asked").increment(1));
            calls.add();
        }
    });
    let gate = Mutex::new(gate);
    let builder = builder.on_snapshot({
        let recorder = Arc::clone(&recorder);
        move || {
            let _ = gate.lock().unwrap().recv();
            record(&recorder, || counter!("asked").increment(1));
        }
    });
    let (cloudwatch, _, sink) = run(builder, &recorder);
    let standing = busy();
    let flush = tokio::spawn(cloudwatch.flush().into_future());
    until(|| calls.get() == 1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(release);
    assert!(flush.await.unwrap().unwrap().is_complete());
    assert_eq!(sink.sum("asked", &[]), 2.0);
    standing.abort();
}
