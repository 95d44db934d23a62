//! Ways to end that no shutdown precedes: each is in the account, and says in one line what was lost.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::minute;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, CloudWatchExporter, CloudWatchHandle, Datum,
    ExplicitDatum, ManualClock, MemorySink, SendError, Sent, Sink, Sleeping, Stats,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Records two data of eight samples, and puts a third.
fn recorded(builder: CloudWatchBuilder) -> (CloudWatchHandle, CloudWatchExporter) {
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    metrics::with_local_recorder(&recorder, || {
        counter!("a").increment(3);
        counter!("b").increment(5);
    });
    handle.put(ExplicitDatum::value("c", 1.0)).unwrap();
    (handle, exporter)
}

fn is_even(stats: &Stats) {
    let mut all = 0;
    for part in [
        stats.delivered,
        stats.handed_over,
        stats.refused,
        stats.ambiguous,
        stats.dropped,
        stats.pending,
    ] {
        all += part.samples;
    }
    assert_eq!(stats.entered.samples, all, "{stats:?}");
}

/// Polls the exporter on the runtime until it has nothing to do.
fn poll(runtime: &Runtime) {
    runtime.block_on(async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    });
}

type Way = (&'static str, fn(CloudWatchExporter), &'static str);

const WAYS: [Way; 7] = [
    ("never run", drop, "dropped before it ran"),
    (
        "its future dropped without a poll",
        |exporter| drop(exporter.run()),
        "ended with its runtime",
    ),
    (
        "aborted before its first poll",
        |exporter| {
            let runtime = runtime();
            let task = runtime.spawn(exporter.run());
            task.abort();
            let ended = runtime.block_on(task).unwrap_err();
            assert!(ended.is_cancelled());
        },
        "ended with its runtime",
    ),
    (
        "aborted",
        |exporter| {
            let runtime = runtime();
            let task = runtime.spawn(exporter.run());
            poll(&runtime);
            task.abort();
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        },
        "ended with its runtime",
    ),
    (
        "its runtime dropped",
        |exporter| {
            let runtime = runtime();
            runtime.spawn(exporter.run());
            poll(&runtime);
            drop(runtime);
        },
        "ended with its runtime",
    ),
    (
        "its runtime dropped by another panic",
        |exporter| {
            let runtime = runtime();
            runtime.spawn(exporter.run());
            poll(&runtime);
            let panicked = catch_unwind(AssertUnwindSafe(move || {
                let _runtime = runtime;
                panic!("not the exporter's");
            }));
            assert!(panicked.is_err());
        },
        "ended with its runtime",
    ),
    (
        "its select lost",
        |exporter| {
            runtime().block_on(async {
                tokio::select! {
                    biased;
                    () = exporter.run() => unreachable!("nobody shuts it down"),
                    () = tokio::task::yield_now() => {}
                }
            });
        },
        "ended with its runtime",
    ),
];

#[test]
fn whatever_ends_it_the_account_and_one_line_say_what_was_lost() {
    alone!();
    for (way, end, says) in WAYS {
        let (log, _guard) = Log::start();
        let builder = CloudWatchBuilder::new("Test").with_clock(ManualClock::new(minute()));
        let (handle, exporter) = recorded(builder.with_sink("test", MemorySink::new()));
        end(exporter);
        let stats = handle.stats();
        assert_eq!(
            (stats.dropped.data, stats.dropped.samples),
            (3, 9),
            "{way}: {stats:?}"
        );
        assert!(stats.pending.is_zero(), "{way}: {stats:?}");
        is_even(&stats);
        assert!(!handle.is_running(), "{way}");
        let lines = log.warnings();
        assert_eq!(lines.len(), 1, "{way}: {lines:?}");
        assert!(lines[0].contains(says), "{way}: {lines:?}");
        assert!(
            lines[0].contains("lost_data=3 lost_samples=9"),
            "{way}: {lines:?}"
        );
    }
}

/// The next process has it.
#[test]
fn whatever_ends_it_a_journal_keeps_what_there_was() {
    for (way, end, _) in WAYS {
        let scratch = Scratch::new();
        let build = || {
            let builder = CloudWatchBuilder::new("Test").with_clock(ManualClock::new(minute()));
            builder.with_journal(scratch.path(), 16 << 20)
        };
        let (handle, exporter) = recorded(build().with_sink("test", MemorySink::new()));
        end(exporter);
        let stats = handle.stats();
        assert_eq!(
            (stats.pending.data, stats.pending.samples),
            (3, 9),
            "{way}: {stats:?}"
        );
        is_even(&stats);
        drop(handle);
        while !scratch.is_free() {
            std::thread::yield_now();
        }
        let sink = MemorySink::new();
        let (_recorder, exporter) = build().with_sink("test", sink.clone()).build().unwrap();
        let handle = exporter.handle();
        let runtime = runtime();
        runtime.spawn(exporter.run());
        runtime.block_on(async {
            while handle.stats().delivered.samples < 9 {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(
            sink.sum("a", &[]) + sink.sum("b", &[]) + sink.sum("c", &[]),
            9.0,
            "{way}"
        );
    }
}

/// Panics in the exporter's task, as it fills the batches: at the call with this number.
struct Panicking {
    calls: AtomicUsize,
    at: usize,
}

impl Sink for Panicking {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(number < self.at, "a fault of the sink");
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        std::future::pending().await
    }
}

#[test]
fn a_panic_in_the_task_is_accounted_for_wherever_it_comes() {
    alone!();
    for at in 0..6 {
        let (log, _guard) = Log::start();
        let clock = ManualClock::new(minute());
        let calls = AtomicUsize::new(0);
        let builder = CloudWatchBuilder::new("Test").with_clock(clock.clone());
        let builder = builder.with_send_jitter(Duration::ZERO);
        let builder = builder.with_sink("test", Panicking { calls, at });
        let (recorder, exporter) = builder.build().unwrap();
        let handle = exporter.handle();
        let record = || {
            metrics::with_local_recorder(&recorder, || {
                counter!("a").increment(3);
                counter!("b").increment(5);
            });
            handle.put(ExplicitDatum::value("c", 1.0)).unwrap();
        };
        let runtime = runtime();
        let task = runtime.spawn(exporter.run());
        // The first window is under way, or the panic comes in it; the second is where it comes else.
        let mut windows = 0;
        while !task.is_finished() {
            record();
            windows += 1;
            clock.advance(Duration::from_mins(1));
            poll(&runtime);
        }
        assert!(runtime.block_on(task).unwrap_err().is_panic());
        let stats = handle.stats();
        assert_eq!(windows, 1 + at / 3);
        let all = u64::try_from(windows).unwrap();
        assert_eq!(
            (stats.entered.data, stats.entered.samples),
            (3 * all, 9 * all),
            "{at}: {stats:?}"
        );
        assert!(stats.pending.is_zero(), "{at}: {stats:?}");
        is_even(&stats);
        // What was under way has perhaps arrived.
        assert_eq!(stats.ambiguous.samples, 9 * (all - 1), "{at}: {stats:?}");
        assert_eq!(stats.dropped.samples, 9, "{at}: {stats:?}");
        let lines = log.warnings();
        assert_eq!(lines.len(), 1, "{at}: {lines:?}");
        let says = [
            "ERROR",
            "the exporter's task panicked",
            "lost_data=3 lost_samples=9",
        ];
        assert!(says.iter().all(|part| lines[0].contains(part)), "{lines:?}");
        // It is over, also for who asks on.
        assert!(handle.put(ExplicitDatum::value("c", 1.0)).is_err());
    }
}

/// Panics once it was asked so often.
struct Broken(Arc<AtomicUsize>);

impl Clock for Broken {
    fn now(&self) -> SystemTime {
        let one_less = |left: usize| left.checked_sub(1);
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        assert!(left.is_ok(), "a fault of the clock");
        minute()
    }

    fn sleep_until(&self, _: SystemTime) -> Sleeping<'_> {
        Box::pin(std::future::pending())
    }
}

/// Wherever it comes, all is accounted for. Nor does what is said of it panic again, which would end the process.
#[test]
fn a_clock_that_panics_ends_the_exporter_alone() {
    let mut panics = 0;
    for answers in 0..50 {
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let builder = CloudWatchBuilder::new("Test").with_clock(Broken(Arc::clone(&left)));
        let (handle, exporter) = recorded(builder.with_sink("test", MemorySink::new()));
        left.store(answers, Ordering::Relaxed);
        let thread = exporter.run_on_thread().unwrap();
        let _ = handle.flush().blocking();
        left.store(usize::MAX, Ordering::Relaxed);
        let is_over = handle.shutdown().blocking().is_ok();
        panics += usize::from(thread.join().is_err());
        let stats = handle.stats();
        assert_eq!(stats.entered.samples, 9, "{answers}: {stats:?}");
        assert!(stats.pending.is_zero(), "{answers}: {stats:?}");
        is_even(&stats);
        // Data may be delivered before the panic comes.
        assert!(
            !is_over || stats.delivered.samples == 9,
            "{answers}: {stats:?}"
        );
    }
    assert!((5..50).contains(&panics), "{panics}");
}

/// One destination's panic ends all; each has its account, whichever hears of a point first.
#[test]
fn a_panic_of_one_destination_is_in_the_account_of_all() {
    for (first, at) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
        let calls = AtomicUsize::new(0);
        let broken = Panicking { calls, at };
        let builder = CloudWatchBuilder::new("Test").with_clock(ManualClock::new(minute()));
        let builder = if first {
            let builder = builder.with_sink("broken", broken);
            builder.with_sink("well", MemorySink::new())
        } else {
            let builder = builder.with_sink("well", MemorySink::new());
            builder.with_sink("broken", broken)
        };
        let (handle, exporter) = recorded(builder);
        let thread = exporter.run_on_thread().unwrap();
        assert!(handle.flush().blocking().is_err());
        assert!(thread.join().is_err());
        for (name, stats) in handle.stats().destinations {
            assert_eq!(
                (stats.dropped.data, stats.dropped.samples),
                (3, 9),
                "{name}: {stats:?}"
            );
            is_even(&stats);
        }
    }
}

/// Nobody could ask any more, but nothing is lost.
#[tokio::test]
async fn what_was_recorded_before_all_others_went_is_sent_by_run() {
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let (recorder, exporter) = builder.build().unwrap();
    metrics::with_local_recorder(&recorder, || counter!("a").increment(3));
    let handle = exporter.handle();
    handle.put(ExplicitDatum::value("c", 1.0)).unwrap();
    drop((recorder, handle));
    exporter.run().await;
    assert_eq!(sink.sum("a", &[]) + sink.sum("c", &[]), 4.0);
}
