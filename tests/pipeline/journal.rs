//! What is undelivered outlives its process. Disks do not follow a paused clock, so these tests wait for
//! conditions instead; nothing in them depends on how long that takes.

use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, local, minute, to};
use cloudwatch_local::{Fault, ReceivedDatum};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, BuildError, CloudWatchBuilder, Datum, Guarantee, JournalError, ManualClock,
    Matcher, MemorySink, MetricSettings, SendError, Sent, Sink,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PLENTY: u64 = 1 << 30;

pub(crate) fn builder(sink: impl Sink, scratch: &Scratch) -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test")
        .with_sink("test", sink)
        .with_max_in_flight(1)
        .with_journal(scratch.path(), PLENTY)
}

/// Two windows, of which the first is under way when the process ends.
pub(crate) async fn cut_off(scratch: &Scratch, guarantee: Guarantee) {
    let sink = Scripted::hanging();
    let test = Started::new(builder(sink.clone(), scratch).with_metric_settings(
        Matcher::any(),
        MetricSettings::new().with_guarantee(guarantee),
    ));
    for amount in [3, 4] {
        test.record(|| counter!("n").increment(amount));
        test.clock.advance(Duration::from_mins(1));
        until(|| sink.calls() == 1).await;
        until(|| scratch.records() == if amount == 3 { 1 } else { 2 }).await;
    }
    let report = test
        .cloudwatch
        .shutdown()
        .within(Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((report.pending.samples, report.is_complete()), (7, false));
    drop(test);
    until(|| scratch.is_free()).await;
}

#[tokio::test]
async fn what_was_not_delivered_is_sent_by_the_next_under_its_own_time_stamp() {
    let scratch = Scratch::new();
    cut_off(&scratch, Guarantee::AtLeastOnce).await;
    let sink = MemorySink::new();
    let later = ManualClock::new(minute() + Duration::from_hours(1));
    let test = Started::by_clock(builder(sink.clone(), &scratch), later);
    until(|| test.cloudwatch.stats().delivered.samples == 7).await;
    let stamps: Vec<_> = sink
        .data()
        .iter()
        .map(metrics_exporter_cloudwatch::Datum::timestamp)
        .collect();
    assert_eq!(stamps, [0, 1].map(|n| minute() + Duration::from_mins(n)));
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.restored.samples, stats.pending.samples), (7, 0));
    // The first was under way, so it may have arrived before.
    assert_eq!(stats.repeated.samples, 3);
    // What is recorded now goes as ever, and then the disk is empty.
    test.record(|| counter!("n").increment(5));
    test.flush().await;
    assert_eq!(sink.sum("n", &[]), 12.0);
    until(|| scratch.records() == 0).await;
}

#[tokio::test]
async fn at_most_once_is_kept_over_a_restart() {
    let scratch = Scratch::new();
    cut_off(&scratch, Guarantee::AtMostOnce).await;
    let sink = MemorySink::new();
    // The data know how they are to be delivered.
    let test = Started::new(builder(sink.clone(), &scratch));
    until(|| test.cloudwatch.stats().delivered.samples == 4).await;
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.ambiguous.samples, 3);
    assert_eq!((stats.repeated.samples, sink.sum("n", &[])), (0, 4.0));
    until(|| scratch.records() == 0).await;
}

#[tokio::test]
async fn what_has_no_room_in_the_queue_stays_on_disk_and_comes_back() {
    let scratch = Scratch::new();
    let builder = builder(Scripted::failing(), &scratch).with_queue_bytes(1_000_000);
    let test = Started::new(builder);
    for _ in 0..100 {
        test.record(|| {
            for route in 0..300 {
                counter!("n", "route" => route.to_string()).increment(1);
            }
        });
        test.advance(Duration::from_mins(1)).await;
    }
    until(|| scratch.records() == 100).await;
    let stats = test.cloudwatch.stats();
    assert!(
        stats.journaled.samples > 0 && stats.dropped.is_zero(),
        "{stats:?}"
    );
    assert!(stats.queue_bytes <= 1_000_000);
    let report = test
        .cloudwatch
        .shutdown()
        .within(Duration::ZERO)
        .await
        .unwrap();
    assert!(!report.is_complete());
    drop(test);
    until(|| scratch.is_free()).await;

    let sink = MemorySink::new();
    let small = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_queue_bytes(1_000_000)
        .with_journal(scratch.path(), PLENTY);
    let test = Started::new(small);
    until(|| test.cloudwatch.stats().delivered.samples == 30_000).await;
    assert_eq!(sink.data().len(), 30_000);
    until(|| scratch.records() == 0).await;
}

#[tokio::test]
async fn a_journal_has_one_owner_and_a_size() {
    let scratch = Scratch::new();
    let first = builder(MemorySink::new(), &scratch).build().unwrap();
    let Err(BuildError::Journal(error)) = builder(MemorySink::new(), &scratch).build() else {
        panic!("two exporters in one directory")
    };
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    drop(first);
    let small = CloudWatchBuilder::new("Test")
        .with_sink("test", MemorySink::new())
        .with_journal(scratch.path(), 1_000);
    assert!(matches!(small.build(), Err(BuildError::Config(_))));
}

#[tokio::test]
async fn a_damaged_record_costs_no_neighbour() {
    let scratch = Scratch::new();
    cut_off(&scratch, Guarantee::AtLeastOnce).await;
    let files = std::fs::read_dir(scratch.path()).unwrap();
    let begun = files.map(|file| file.unwrap().path());
    let begun = begun.filter(|path| path.extension().is_some_and(|end| end == "begun"));
    for path in begun {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    }
    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    until(|| test.cloudwatch.stats().delivered.samples == 4).await;
    assert_eq!(sink.sum("n", &[]), 4.0);
    assert_eq!(test.cloudwatch.stats().lost_records, 1);
}

#[tokio::test]
async fn a_flush_waits_for_what_was_left_to_the_disk() {
    let scratch = Scratch::new();
    let sink = Scripted::failing();
    let builder = builder(sink.clone(), &scratch).with_queue_bytes(1_000_000);
    let test = Started::new(builder.with_flush_timeout(Duration::from_hours(1)));
    for window in 1..=30 {
        test.record(|| {
            for route in 0..1_000 {
                counter!("n", "route" => route.to_string()).increment(1);
            }
        });
        test.advance(Duration::from_mins(1)).await;
        until(|| scratch.records() == window).await;
    }
    until(|| test.cloudwatch.stats().journal_writing_bytes == 0).await;
    let stats = test.cloudwatch.stats();
    assert!(stats.journaled.samples > 5_000 && stats.dropped.is_zero());
    let report = test
        .cloudwatch
        .flush()
        .within(Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(report.journaled, test.cloudwatch.stats().journaled);
    assert_eq!(report.pending.samples, 30_000);
    assert!(!report.is_complete());

    // More of it goes to the disk while a flush waits for it.
    let cloudwatch = test.cloudwatch.clone();
    let flush = tokio::spawn(async move { cloudwatch.flush().await.unwrap() });
    test.settle().await;
    let journaled = stats.journaled.samples;
    for window in 31..=40 {
        test.record(|| {
            for route in 0..1_000 {
                counter!("n", "route" => route.to_string()).increment(1);
            }
        });
        test.advance(Duration::from_mins(1)).await;
        until(|| scratch.records() == window).await;
    }
    until(|| test.cloudwatch.stats().journaled.samples >= journaled + 8_000).await;
    sink.recover();
    let report = flush.await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.delivered.samples, 30_000);
    test.flush().await;
    assert_eq!(sink.memory.data().len(), 40_000);
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.delivered.samples, stats.restored.samples),
        (40_000, 0)
    );
    assert!(stats.journaled.is_zero() && stats.pending.is_zero());
}

#[tokio::test]
async fn a_shutdown_with_a_server_that_hangs_leaves_everything_to_the_next_process() {
    let scratch = Scratch::new();
    let clock = ManualClock::new(minute());
    let local = local(&clock).await;
    local.faults().always(Fault::Hang);
    let start = || {
        let builder = to(&local).with_journal(scratch.path(), PLENTY);
        Started::by_clock(builder, clock.clone())
    };
    let test = start();
    for amount in [3, 4, 5] {
        test.record(|| counter!("n").increment(amount));
        test.advance(Duration::from_mins(1)).await;
    }
    let report = test.cloudwatch.shutdown().within(Duration::ZERO);
    let report = report.await.unwrap();
    assert_eq!((report.pending.samples, report.delivered.samples), (12, 0));
    drop(test);
    until(|| scratch.is_free()).await;
    assert_eq!(scratch.records(), 3);
    local.faults().clear();
    let test = start();
    until(|| test.cloudwatch.stats().delivered.samples == 12).await;
    let mut sums: Vec<f64> = local.received().iter().map(ReceivedDatum::sum).collect();
    sums.sort_by(f64::total_cmp);
    assert_eq!(sums, [3.0, 4.0, 5.0]);
    test.flush().await;
    until(|| scratch.records() == 0).await;
}

/// The half that arrived is not there any more, though the other one did not.
#[tokio::test]
async fn of_a_request_that_was_split_the_rest_is_left() {
    let scratch = Scratch::new();
    let sink = Splitting::default();
    let test = Started::new(builder(sink.clone(), &scratch));
    test.record(|| {
        for number in 0..1_000 {
            counter!("n", "number" => number.to_string()).increment(1);
        }
    });
    test.advance(Duration::from_mins(1)).await;
    until(|| sink.calls.load(Ordering::Relaxed) == 3).await;
    until(|| scratch.records() == 1).await;
    let report = test.cloudwatch.shutdown().within(Duration::ZERO);
    let report = report.await.unwrap();
    assert_eq!((report.pending.data, sink.memory.data().len()), (500, 500));
    drop(test);
    until(|| scratch.is_free()).await;
    let test = Started::new(builder(sink.memory.clone(), &scratch));
    until(|| test.cloudwatch.stats().delivered.data == 500).await;
    let numbers = sink.memory.data().into_iter();
    let numbers = numbers.map(|datum| datum.dimensions().next().unwrap().1.to_owned());
    assert_eq!(numbers.collect::<BTreeSet<_>>().len(), 1_000);
    assert_eq!(sink.memory.data().len(), 1_000);
}

/// Says once that it is too much, takes the next, and answers no more.
#[derive(Clone, Default)]
struct Splitting {
    memory: MemorySink,
    calls: Arc<AtomicUsize>,
}

impl Sink for Splitting {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        match self.calls.fetch_add(1, Ordering::Relaxed) {
            0 => Err(SendError::TooLarge("too large".into())),
            1 => self.memory.send(batch, attempt).await,
            _ => std::future::pending().await,
        }
    }
}
