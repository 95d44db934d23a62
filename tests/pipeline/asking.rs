//! When a flush or a shutdown is asked for, and what its value may be used for.

use crate::fixtures::scripted::{Fault, Scripted, start};
use crate::fixtures::started::InMemory;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchHandle, Flush, FlushReport};
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn what_is_only_dropped_asks_nothing() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| counter!("n").increment(1));
    drop(test.started.cloudwatch.flush());
    drop(test.started.cloudwatch.shutdown().within(Duration::ZERO));
    test.started.settle().await;
    assert!(test.sink.data().is_empty());
    assert!(test.started.cloudwatch.is_running());
    test.started.flush().await;
    assert_eq!(test.sink.sum("n", &[]), 1.0);
}

#[tokio::test]
async fn what_is_recorded_before_it_is_awaited_is_covered() {
    let test = InMemory::new(|builder| builder);
    let flush = test.started.cloudwatch.flush();
    test.started.record(|| counter!("n").increment(3));
    assert_eq!(flush.await.unwrap().delivered.samples, 3);
}

#[tokio::test]
async fn once_polled_it_goes_on_without_whoever_asked() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| counter!("n").increment(1));
    let mut shutdown = test.started.cloudwatch.shutdown();
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut shutdown).poll(&mut context).is_pending());
    drop(shutdown);
    test.started.settle().await;
    assert_eq!(test.sink.sum("n", &[]), 1.0);
    assert!(!test.started.cloudwatch.is_running());
}

/// Its time counts from when it is asked for.
#[tokio::test(start_paused = true)]
async fn its_time_begins_with_the_first_poll() {
    let second = Duration::from_secs(1);
    let sink = Scripted::new([Fault::Hang]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let mut flush = test.cloudwatch.flush().within(2 * second);
    tokio::time::advance(5 * second).await;
    let before = Instant::now();
    let first = poll_fn(|context| Poll::Ready(Pin::new(&mut flush).poll(context)));
    assert!(first.await.is_pending());
    // Too late for this one.
    let report = flush.within(9 * second).await.unwrap();
    assert_eq!((before.elapsed(), report.pending.samples), (2 * second, 3));
}

/// One that was polled before is not asked for again.
#[test]
fn what_was_awaited_for_a_while_may_be_blocked_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let test = runtime.block_on(async { InMemory::new(|builder| builder) });
    test.started.record(|| counter!("n").increment(1));
    let mut flush = test.started.cloudwatch.flush();
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(report) = Pin::new(&mut flush).poll(&mut context) {
        assert_eq!(report.unwrap().delivered.samples, 1);
        return;
    }
    assert_eq!(flush.blocking().unwrap().delivered.samples, 1);
}

#[tokio::test]
async fn it_needs_neither_the_handle_nor_a_block_to_be_spawned() {
    let test = InMemory::new(|builder| builder);
    let spawned = tokio::spawn(test.started.cloudwatch.clone().flush());
    assert!(spawned.await.unwrap().unwrap().is_complete());
}

/// A panic of the application's that is caught leaves a handle as it was.
#[tokio::test]
async fn a_handle_may_cross_a_caught_panic() {
    const fn crosses<T: UnwindSafe + RefUnwindSafe + Send + Sync + Unpin + 'static>() {}
    const { crosses::<CloudWatchHandle>() }
    const { crosses::<FlushReport>() }
    const { crosses::<Flush>() }
    let test = InMemory::new(|builder| builder);
    let handle = test.started.cloudwatch.clone();
    catch_unwind(|| {
        let _held = &handle;
        panic!("somebody else's fault");
    })
    .unwrap_err();
    assert!(handle.flush().await.unwrap().is_complete());
}
