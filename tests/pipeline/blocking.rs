//! Where `blocking` works, and where it is an error: never a panic, and never a thread that waits for itself.

use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, CloudWatchExporter, CloudWatchHandle, CloudWatchRecorder,
    FlushError, MemorySink, SendError, Sent, Sink,
};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, coop, spawn_blocking, spawn_local};

const WORKS: Result<u64, FlushError> = Ok(1);
const OWN_RUNTIME: Result<u64, FlushError> = Err(FlushError::OwnRuntime);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Its only worker may be the one that blocks.
fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

fn exporter() -> (Recorded, CloudWatchExporter) {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    (Recorded { recorder, handle }, exporter)
}

#[derive(Clone)]
struct Recorded {
    recorder: CloudWatchRecorder,
    handle: CloudWatchHandle,
}

impl Recorded {
    /// Records a sample, flushes, and tells how many were delivered, or that nothing was flushed.
    fn block(&self) -> Result<u64, FlushError> {
        let before = self.handle.stats().entered;
        metrics::with_local_recorder(&self.recorder, || counter!("n").increment(1));
        let flushed = self.handle.flush().blocking();
        if flushed.is_err() {
            assert_eq!(self.handle.stats().entered, before);
        }
        flushed.map(|report| report.delivered.samples)
    }

    /// Lets the exporter be polled.
    async fn flush(&self) {
        assert!(self.handle.flush().await.unwrap().is_complete());
    }
}

/// Fails where it would hang.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = channel();
    thread::spawn(move || done.send(work()));
    let result = result.recv_timeout(Duration::from_mins(1));
    result.expect("it hangs, or panicked")
}

#[test]
fn a_task_of_the_current_thread_runtime_is_told() {
    in_time(|| {
        current_thread().block_on(async {
            let (test, exporter) = exporter();
            tokio::spawn(exporter.run());
            assert_eq!(test.block(), OWN_RUNTIME, "before its first poll");
            test.flush().await;
            assert_eq!(test.block(), OWN_RUNTIME);
            let in_task = tokio::spawn(async move { test.block() });
            assert_eq!(in_task.await.unwrap(), OWN_RUNTIME);
        });
    });
}

#[test]
fn a_task_of_the_multi_thread_runtime_may_block() {
    in_time(|| {
        multi_thread().block_on(async {
            let (test, exporter) = exporter();
            tokio::spawn(exporter.run());
            assert_eq!(test.block(), WORKS, "before its first poll, perhaps");
            let in_task = tokio::spawn({
                let test = test.clone();
                async move { [test.block(), test.block()] }
            });
            assert_eq!(in_task.await.unwrap(), [WORKS; 2]);
            assert_eq!(tokio::task::block_in_place(|| test.block()), WORKS);
        });
    });
}

#[test]
fn spawn_blocking_may_block_on_every_runtime() {
    for runtime in [current_thread(), multi_thread()] {
        in_time(move || {
            runtime.block_on(async {
                let (test, exporter) = exporter();
                let running = exporter.run();
                let early = test.clone();
                let early = spawn_blocking(move || early.block());
                tokio::spawn(running);
                assert_eq!(early.await.unwrap(), WORKS);
                let again = test.clone();
                let again = spawn_blocking(move || again.block());
                assert_eq!(again.await.unwrap(), WORKS);
            });
        });
    }
}

#[test]
fn a_thread_without_a_runtime_may_block() {
    for runtime in [current_thread(), multi_thread()] {
        in_time(move || {
            runtime.block_on(async {
                let (test, exporter) = exporter();
                tokio::spawn(exporter.run());
                let (done, blocked) = tokio::sync::oneshot::channel();
                thread::spawn(move || done.send(test.block()));
                assert_eq!(blocked.await.unwrap(), WORKS);
            });
        });
    }
}

#[test]
fn a_task_of_another_runtime_may_block() {
    for (home, other) in [
        (current_thread(), multi_thread()),
        (current_thread(), current_thread()),
        (multi_thread(), multi_thread()),
        (multi_thread(), current_thread()),
    ] {
        in_time(move || {
            let (test, exporter) = exporter();
            let running = exporter.run();
            thread::spawn(move || home.block_on(running));
            other.block_on(async {
                test.flush().await;
                assert_eq!(test.block(), WORKS);
                let in_task = test.clone();
                let in_task = tokio::spawn(async move { in_task.block() });
                assert_eq!(in_task.await.unwrap(), WORKS);
            });
        });
    }
}

#[test]
fn an_exporter_on_its_own_thread_may_be_blocked_on_in_every_task() {
    for runtime in [current_thread(), multi_thread()] {
        in_time(move || {
            runtime.block_on(async {
                let (test, exporter) = exporter();
                exporter.run_on_thread().unwrap();
                assert_eq!(test.block(), WORKS);
                let local = LocalSet::new();
                let in_local = test.clone();
                let in_local = local
                    .run_until(async move { spawn_local(async move { in_local.block() }).await });
                assert_eq!(in_local.await.unwrap(), WORKS);
            });
        });
    }
}

#[test]
fn a_local_set_on_the_current_thread_runtime_is_told() {
    in_time(|| {
        let (test, exporter) = exporter();
        let block = async move {
            tokio::spawn(exporter.run());
            let blocking = test.clone();
            let early = spawn_local(async move { blocking.block() });
            assert_eq!(early.await.unwrap(), OWN_RUNTIME);
            test.flush().await;
            assert_eq!(test.block(), OWN_RUNTIME);
        };
        LocalSet::new().block_on(&current_thread(), block);
    });
}

/// The workers go on meanwhile.
#[test]
fn a_local_set_on_the_multi_thread_runtime_may_block() {
    in_time(|| {
        let (test, exporter) = exporter();
        let block = async move {
            tokio::spawn(exporter.run());
            test.flush().await;
            assert_eq!(test.block(), WORKS);
            let in_task = spawn_local(async move {
                // The task has used up what a poll may do.
                while coop::has_budget_remaining() {
                    coop::consume_budget().await;
                }
                test.block()
            });
            assert_eq!(in_task.await.unwrap(), WORKS);
        };
        LocalSet::new().block_on(&multi_thread(), block);
    });
}

#[test]
fn a_local_set_that_runs_the_exporter_is_told() {
    for runtime in [current_thread(), multi_thread()] {
        in_time(move || {
            let (test, exporter) = exporter();
            let block = async move {
                spawn_local(exporter.run());
                assert_eq!(test.block(), OWN_RUNTIME, "before its first poll");
                test.flush().await;
                assert_eq!(test.block(), OWN_RUNTIME);
                let blocking = test.clone();
                let in_task = spawn_local(async move { blocking.block() });
                assert_eq!(in_task.await.unwrap(), OWN_RUNTIME);
                let free = spawn_blocking(move || test.block());
                assert_eq!(
                    free.await.unwrap(),
                    Ok(3),
                    "all since the flush that was awaited"
                );
            };
            LocalSet::new().block_on(&runtime, block);
        });
    }
}

#[test]
fn the_exporters_own_task_is_told() {
    for runtime in [current_thread(), multi_thread()] {
        in_time(move || {
            runtime.block_on(async {
                // Within `block_on`, and in a task.
                for is_spawned in [false, true] {
                    let (test, exporter) = exporter();
                    let both = async move {
                        let blocking = async {
                            test.flush().await;
                            assert_eq!(test.block(), OWN_RUNTIME);
                            let _ = test.handle.shutdown().await.unwrap();
                        };
                        tokio::join!(exporter.run(), blocking);
                    };
                    if is_spawned {
                        tokio::spawn(both).await.unwrap();
                    } else {
                        both.await;
                    }
                }
            });
        });
    }
}

/// Blocks the exporter's own thread, and says what came of it.
struct FlushesItself {
    handle: Arc<OnceLock<CloudWatchHandle>>,
    flushed: Mutex<Sender<FlushError>>,
}

impl Sink for FlushesItself {
    fn added_len(&self, _: &Batch, _: &metrics_exporter_cloudwatch::Datum) -> usize {
        1
    }

    async fn send(&self, _: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        if let Err(error) = self.handle.wait().flush().blocking() {
            self.flushed.lock().unwrap().send(error).unwrap();
        }
        Ok(Sent::default())
    }
}

#[test]
fn a_sink_that_flushes_its_own_exporter_is_told() {
    in_time(|| {
        let (flushed, told) = channel();
        let handle = Arc::new(OnceLock::new());
        let sink = FlushesItself {
            handle: Arc::clone(&handle),
            flushed: Mutex::new(flushed),
        };
        let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = handle.get_or_init(|| exporter.handle());
        exporter.run_on_thread().unwrap();
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        assert!(cloudwatch.flush().blocking().unwrap().is_complete());
        assert_eq!(told.recv().unwrap(), FlushError::OwnRuntime);
    });
}

/// It would wait for ever.
#[test]
fn a_thread_that_left_the_runtime_but_for_its_context_is_told() {
    in_time(|| {
        let runtime = current_thread();
        let (test, exporter) = exporter();
        runtime.block_on(async {
            tokio::spawn(exporter.run());
            test.flush().await;
        });
        let _entered = runtime.enter();
        assert_eq!(test.block(), OWN_RUNTIME);
    });
}

/// `run` was called in the context of a runtime other than the one that is to poll its future.
#[test]
fn a_task_beside_an_exporter_that_was_not_polled_yet_is_told() {
    in_time(|| {
        let called = current_thread();
        let (test, exporter) = exporter();
        let running = {
            let _entered = called.enter();
            exporter.run()
        };
        current_thread().block_on(async {
            tokio::spawn(running);
            assert_eq!(test.block(), OWN_RUNTIME);
        });
    });
}

/// Only a panic would tell whose scheduler the thread runs.
#[test]
fn a_task_of_another_runtime_within_this_ones_context_is_told() {
    in_time(|| {
        let home = multi_thread();
        let (test, exporter) = exporter();
        home.spawn(exporter.run());
        current_thread().block_on(async {
            test.flush().await;
            let _entered = home.enter();
            assert_eq!(test.block(), OWN_RUNTIME);
        });
    });
}

#[test]
fn who_blocks_on_an_exporter_that_does_not_run_is_told_so() {
    in_time(|| {
        current_thread().block_on(async {
            let (test, exporter) = exporter();
            assert_eq!(test.block(), Err(FlushError::NotRunning));
            tokio::spawn(exporter.run());
            let _ = test.handle.shutdown().await.unwrap();
            assert_eq!(test.block(), Err(FlushError::Stopped));
        });
    });
}
