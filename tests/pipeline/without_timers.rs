//! An exporter whose future is polled where Tokio's timers are not there.

use crate::fixtures::alone::alone;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchExporter, CloudWatchRecorder, FlushError, InstallError, MemorySink,
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
        assert!(handle.flush().blocking().unwrap().is_complete());
        assert!(handle.shutdown().blocking().unwrap().is_complete());
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
    assert!(handle.shutdown().blocking().unwrap().is_complete());
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

/// Tokio panics where a runtime is dropped within another.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_thread_that_cannot_be_started_is_an_error_and_no_panic() {
    // The whole address space for each thread's stack.
    alone!(|child| {
        child.env("RUST_MIN_STACK", (1u64 << 47).to_string());
    });
    let sink = MemorySink::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
        let error = builder.install().await.unwrap_err();
        assert!(matches!(error, InstallError::Thread(_)), "{error}");

        let (_recorder, exporter) = to(&sink);
        let handle = exporter.handle();
        exporter.run_on_thread().unwrap_err();
        assert!(!handle.is_running());

        let (_recorder, exporter) = to(&sink);
        let handle = exporter.handle();
        exporter.run().await;
        assert!(!handle.is_running());
        assert_eq!(handle.flush().await.unwrap_err(), FlushError::Stopped);
    });
}
