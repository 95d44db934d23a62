//! The log: once per change of state, not once per failure.
//!
//! Each test in a process of its own: `tracing` asks once for each place that logs whether somebody listens, and keeps
//! the answer that it has from a test without a listener.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::scripted::{self, Fault, Scripted};
use crate::fixtures::started::{InMemory, Started, minute};
use crate::sending::{error, service_at};
use metrics::{Unit, counter, describe_counter, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, ExplicitDatum, FlushError, ManualClock, Matcher,
    MemorySink, MetricSettings, PutError, SendError, Sent, Sink,
};
use std::sync::Mutex;
use std::time::Duration;

#[tokio::test]
async fn a_refusal_is_logged_once_per_series_and_reason() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| builder);
    for _ in 0..3 {
        test.started.record(|| {
            counter!("n", "path" => "ü").increment(2);
            histogram!("h").record(f64::NAN);
        });
        test.started.advance(Duration::from_mins(1)).await;
    }
    test.started.flush().await;
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].ends_with(
            r#"Counter "n" {"path"="ü"}: 2 refused: the value of dimension "path" has a character that is not ASCII"#
        ),
        "{lines:?}"
    );
    assert!(
        lines[1].ends_with(r#"Histogram "h": 1 refused: a value is not a number"#),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_logged_when_it_begins_and_when_it_ends() {
    alone!();
    let (log, _guard) = Log::start();
    let test = scripted::start(&Scripted::new([Fault::Transient; 5]));
    for _ in 0..2 {
        test.record(|| counter!("n").increment(1));
        test.flush().await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("no route"),
        "{lines:?}"
    );
    assert!(
        lines[1].contains("INFO") && lines[1].contains("attempts=6"),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn drops_are_logged_when_they_begin_and_when_they_end() {
    alone!();
    let (log, _guard) = Log::start();
    let sink = Scripted::new(vec![Fault::Transient; 8]);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
    let test = Started::new(
        builder
            .with_queue_bytes(1_000_000)
            .with_flush_timeout(Duration::from_hours(1)),
    );
    for _ in 0..4 {
        test.record(|| {
            for series in 0..300 {
                let histogram = histogram!("h", "series" => series.to_string());
                (1..=150).for_each(|value| histogram.record(value));
            }
        });
        test.advance(Duration::from_mins(1)).await;
    }
    let _ = test.cloudwatch.flush().await.unwrap();
    let lines = log.lines();
    let errors: Vec<_> = lines.iter().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 2, "{lines:?}");
    assert!(errors[0].contains("the queue is full"), "{lines:?}");
    let dropped = test.cloudwatch.stats().dropped;
    assert!(
        errors[1].contains(&format!(
            "data={} samples={}",
            dropped.data, dropped.samples
        )),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_unit_that_changes_is_logged() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| builder);
    test.started.record(|| {
        describe_counter!("n", Unit::Bytes, "");
        describe_counter!("n", Unit::Bytes, "");
        describe_counter!("n", Unit::Count, "");
    });
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("before=\"bytes\" now=\"count\""),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_limit_of_series_is_logged_once_with_the_label_of_most_values() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| {
        let settings = MetricSettings::new().with_max_series(Some(3));
        builder.with_metric_settings(Matcher::any(), settings)
    });
    for _ in 0..3 {
        test.started.record(|| {
            for user in 0..5 {
                let user = user.to_string();
                counter!("n", "method" => "GET", "user" => user).increment(1);
            }
        });
        test.started.flush().await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let said = "metric=\"n\" kind=Counter label=\"user\" values=3 wanted=5";
    assert!(lines[0].contains(said), "{lines:?}");
}

#[tokio::test]
async fn a_limit_of_names_is_logged_once_with_the_first_beyond_it() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| builder.with_max_names(Some(3)));
    for _ in 0..3 {
        test.started.record(|| {
            (0..10).for_each(|number| counter!(format!("n{number}")).increment(1));
        });
        let report = test.started.cloudwatch.flush().await.unwrap();
        assert_eq!(report.refused.samples, 7);
    }
    let lines = log.lines();
    let said = "metric=\"n3\" kind=Counter";
    assert_eq!(
        lines.iter().filter(|line| line.contains(said)).count(),
        1,
        "{lines:?}"
    );
}

/// And of one that is shut down nothing.
#[tokio::test]
async fn an_exporter_that_ends_with_its_runtime_says_so() {
    alone!();
    let (log, _guard) = Log::start();
    let build = || {
        let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
        let (recorder, exporter) = builder.build().unwrap();
        (recorder, exporter.handle(), tokio::spawn(exporter.run()))
    };
    let (_recorder, handle, task) = build();
    assert!(handle.shutdown().await.unwrap().is_complete());
    task.await.unwrap();
    assert_eq!(log.lines(), [""; 0]);
    let (_recorder, _handle, task) = build();
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("ended with its runtime"),
        "{lines:?}"
    );
}

/// A signature of another time is refused as if the credentials were wrong; there nobody has to do anything about it.
#[tokio::test(start_paused = true)]
async fn a_signature_of_another_time_is_not_said_to_be_denied() {
    alone!();
    for (off, is_denied) in [(Duration::from_hours(1), false), (Duration::ZERO, true)] {
        let service = service_at(&ManualClock::new(minute() + off));
        let refused = error(403, "SignatureDoesNotMatch", "Signature expired");
        service.faults().script([Some(refused)]);
        let (log, _guard) = Log::start();
        let builder = CloudWatchBuilder::new("Test").with_client(service.client());
        let test = Started::new(builder);
        test.record(|| counter!("n").increment(1));
        test.flush().await;
        let lines = log.lines();
        let says = lines
            .iter()
            .any(|line| line.contains("not allowed to send"));
        assert_eq!(says, is_denied, "{lines:?}");
    }
}

#[test]
fn a_runtime_without_timers_is_logged_once() {
    alone!();
    let (log, _guard) = Log::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    runtime.block_on(async {
        let task = tokio::spawn(exporter.run());
        assert!(handle.flush().await.unwrap().is_complete());
        assert!(handle.shutdown().await.unwrap().is_complete());
        task.await.unwrap();
    });
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("has no timers"),
        "{lines:?}"
    );
}

/// Panics in the exporter's task, which fills the batches.
struct Panicking;

impl Sink for Panicking {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        panic!("a fault of the sink");
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        unreachable!("there is no batch");
    }
}

#[tokio::test]
async fn a_panic_of_the_exporter_is_logged_and_seen() {
    alone!();
    let (log, _guard) = Log::start();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Panicking);
    let (recorder, exporter) = builder.build().unwrap();
    let handle = exporter.handle();
    let task = tokio::spawn(exporter.run());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    assert_eq!(handle.flush().await.unwrap_err(), FlushError::Stopped);
    assert!(!handle.is_running());
    assert_eq!(handle.flush().await.unwrap_err(), FlushError::Stopped);
    let put = handle.put(ExplicitDatum::value("n", 1.0));
    assert!(matches!(put.unwrap_err(), PutError::Stopped));
    assert!(task.await.unwrap_err().is_panic());
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("ERROR") && lines[0].contains("the exporter's task panicked"),
        "{lines:?}"
    );
}

/// Whoever waits is told while the task unwinds, on another thread than this one.
#[test]
fn whoever_is_told_of_a_panic_sees_that_it_runs_no_more() {
    for _ in 0..100 {
        let builder = CloudWatchBuilder::new("Test").with_sink("test", Panicking);
        let (recorder, exporter) = builder.build().unwrap();
        let handle = exporter.handle();
        let thread = exporter.run_on_thread().unwrap();
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        assert_eq!(handle.flush().blocking().unwrap_err(), FlushError::Stopped);
        assert!(!handle.is_running());
        thread.join().unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_before_snapshots_is_named_once() {
    alone!();
    let (log, _guard) = Log::start();
    let (_release, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let test = Started::new(builder.on_snapshot(move || {
        let _ = gate.lock().unwrap().recv();
    }));
    for _ in 0..3 {
        test.flush().await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let named = ["WARN", "takes longer than a second", "logging::"];
    assert!(
        named.iter().all(|part| lines[0].contains(part)),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_before_snapshots_is_named_once() {
    alone!();
    let (log, _guard) = Log::start();
    let (called, calls) = std::sync::mpsc::channel();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let test = Started::new(builder.on_snapshot(move || {
        called.send(()).unwrap();
        panic!("on purpose");
    }));
    for _ in 0..3 {
        // Its thread does not follow the clock.
        while calls.try_recv().is_err() {
            test.flush().await;
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }
    let lines = log.lines();
    let panicked = lines.iter().filter(|line| line.contains("panicked"));
    let panicked: Vec<&String> = panicked.collect();
    assert_eq!(panicked.len(), 1, "{lines:?}");
    assert!(panicked[0].contains("ERROR") && panicked[0].contains("logging::"));
}

/// A sink that says too much, such as the body of each answer.
struct Wordy;

impl Sink for Wordy {
    fn describe(&self) -> Option<String> {
        Some("here\n".repeat(1 << 18))
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let long = || "word\n".repeat(1 << 18);
        match batch.data()[0].name() {
            "throttled" => Err(SendError::Throttled {
                source: long().into(),
                retry_after: None,
            }),
            "failed" => Err(SendError::Transient(long().into())),
            "denied" => Err(SendError::Denied(long().into())),
            "unanswered" => Err(SendError::Ambiguous(long().into())),
            _ => Ok(Sent::default().with_note(long())),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_sink_says_is_a_short_line() {
    alone!();
    let (log, _guard) = Log::start();
    for name in ["throttled", "failed", "denied", "unanswered", "noted"] {
        let test = Started::new(CloudWatchBuilder::new("Test").with_sink("test", Wordy));
        test.record(|| counter!(name).increment(1));
        let report = test.cloudwatch.flush().await.unwrap();
        assert_eq!(report.entered.samples, 1);
    }
    let lines = [log.lines(), log.milestones()].concat();
    let told: Vec<_> = lines.iter().filter(|line| line.len() > 2_000).collect();
    assert_eq!(told.len(), 10, "{lines:#?}");
    for line in told {
        assert!(line.len() < 2_500 && line.contains(" bytes)"), "{line}");
    }
}
