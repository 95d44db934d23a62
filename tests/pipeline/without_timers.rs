//! An exporter whose future is polled where Tokio's timers are not there.

use crate::fixtures::alone::alone;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchExporter, CloudWatchRecorder, MemorySink,
};
use std::pin::pin;
use std::task::{Context, Waker};
use tokio::runtime::{Builder, Runtime};

fn to(sink: &MemorySink) -> (CloudWatchRecorder, CloudWatchExporter) {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    builder.build().unwrap()
}

/// Runtimes of one thread and of more.
fn without_timers() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.build().unwrap())
}

#[test]
fn nothing_is_lost_on_a_runtime_without_timers() {
    for runtime in without_timers() {
        let sink = MemorySink::new();
        let (recorder, exporter) = to(&sink);
        let handle = exporter.handle();
        runtime.block_on(async {
            let running = tokio::spawn(exporter.run());
            metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
            assert!(handle.flush().await.unwrap().is_complete());
            assert!(handle.is_running());
            assert_eq!(sink.sum("n", &[]), 1.0);
            metrics::with_local_recorder(&recorder, || counter!("n").increment(2));
            assert!(handle.shutdown().await.unwrap().is_complete());
            assert!(!handle.is_running());
            running.await.unwrap();
        });
        assert_eq!(sink.sum("n", &[]), 3.0);
    }
}

#[test]
fn it_outlives_a_runtime_without_timers() {
    for runtime in without_timers() {
        let sink = MemorySink::new();
        let (recorder, exporter) = to(&sink);
        let handle = exporter.handle();
        runtime.block_on(async {
            tokio::spawn(exporter.run());
            assert!(handle.flush().await.unwrap().is_complete());
        });
        drop(runtime);
        assert!(handle.is_running());
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        assert!(handle.flush_blocking().unwrap().is_complete());
        assert!(handle.shutdown_blocking().unwrap().is_complete());
        assert!(!handle.is_running());
        assert_eq!(sink.sum("n", &[]), 1.0);
    }
}

#[test]
fn an_executor_that_is_not_tokios_will_do() {
    let sink = MemorySink::new();
    let (recorder, exporter) = to(&sink);
    let handle = exporter.handle();
    let mut running = pin!(exporter.run());
    let mut context = Context::from_waker(Waker::noop());
    assert!(running.as_mut().poll(&mut context).is_pending());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    assert!(handle.shutdown_blocking().unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 1.0);
    while running.as_mut().poll(&mut context).is_pending() {
        std::thread::yield_now();
    }
    assert!(!handle.is_running());
}

/// `install` runs the exporter on a runtime of its own, whatever the caller's has.
#[test]
fn install_needs_no_timers_of_the_caller() {
    alone!();
    let [runtime, _] = without_timers();
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    runtime.block_on(async {
        let handle = builder.install().await.unwrap();
        counter!("n").increment(1);
        assert!(handle.shutdown().await.unwrap().is_complete());
    });
    assert_eq!(sink.sum("n", &[]), 1.0);
}
