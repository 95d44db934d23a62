//! An exporter whose runtime ends under it: what it had is accounted for, or on disk for the next process.

use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::{Fault, Scripted};
use crate::fixtures::started::minute;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, CloudWatchRecorder, ManualClock, MemorySink,
};
use std::time::Duration;
use tokio::runtime::Runtime;

fn run(builder: CloudWatchBuilder, runtime: &Runtime) -> (CloudWatchRecorder, CloudWatchHandle) {
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    runtime.spawn(exporter.run());
    (recorder, handle)
}

fn builder() -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test").with_send_jitter(Duration::ZERO)
}

fn on_one_thread() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Records four, which are under way when the runtime ends, and three after that.
fn abandon(builder: CloudWatchBuilder, clock: &ManualClock, sink: &Scripted) -> CloudWatchHandle {
    let runtime = on_one_thread();
    let builder = builder.with_clock(clock.clone());
    let (recorder, handle) = run(builder.with_sink("test", sink.clone()), &runtime);
    let record = |value| {
        metrics::with_local_recorder(&recorder, || counter!("n").increment(value));
    };
    record(4);
    clock.advance(Duration::from_mins(1));
    runtime.block_on(async {
        while sink.calls() == 0 {
            tokio::task::yield_now().await;
        }
    });
    record(3);
    drop(runtime);
    handle
}

#[test]
fn what_is_lost_with_a_runtime_is_in_the_account() {
    let sink = Scripted::new([Fault::Hang]);
    let handle = abandon(builder(), &ManualClock::new(minute()), &sink);
    let stats = handle.stats();
    assert!(!handle.is_running());
    assert_eq!(stats.entered.samples, 7, "{stats:?}");
    assert_eq!((stats.ambiguous.samples, stats.dropped.samples), (4, 3));
    assert!(stats.pending.is_zero());
}

#[test]
fn what_a_journal_has_by_then_is_the_next_process_s() {
    let (scratch, clock) = (Scratch::new(), ManualClock::new(minute()));
    let with_journal = || builder().with_journal(scratch.path(), 16 << 20);
    let handle = abandon(with_journal(), &clock, &Scripted::new([Fault::Hang]));
    let stats = handle.stats();
    assert_eq!(stats.pending.samples, 7, "{stats:?}");
    let (sink, runtime) = (MemorySink::new(), on_one_thread());
    let builder = with_journal().with_clock(clock);
    let (_recorder, handle) = run(builder.with_sink("test", sink.clone()), &runtime);
    runtime.block_on(async {
        while handle.stats().delivered.samples < 7 {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(sink.sum("n", &[]), 7.0);
    assert_eq!(handle.stats().repeated.samples, 4);
}
