//! What a shutdown that ran out of time says of what it leaves: what is on disk for the next process, what is lost, and
//! what is ambiguous. `stats()` says the same at the same moment. Disks do not follow a paused clock, so that these tests
//! wait for conditions.

use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::{Fault, Scripted};
use crate::fixtures::started::{Started, minute};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Amount, CloudWatchBuilder, Destination, FlushReport, ManualClock, MemorySink, Sink, Stats,
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const PLENTY: u64 = 1 << 30;

fn builder(sink: impl Sink, scratch: &Scratch) -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test")
        .with_sink("test", sink)
        .with_journal(scratch.path(), PLENTY)
}

/// Of the report and of the account, where nothing was settled before.
fn same(report: &FlushReport, stats: &Stats) {
    let of_report = [
        report.entered,
        report.delivered,
        report.handed_over,
        report.refused,
        report.ambiguous,
        report.dropped,
        report.pending,
        report.journaled,
    ];
    let of_stats = [
        stats.entered,
        stats.delivered,
        stats.handed_over,
        stats.refused,
        stats.ambiguous,
        stats.dropped,
        stats.pending,
        stats.journaled,
    ];
    assert_eq!(of_report, of_stats, "{report} / {stats}");
    let settled = [1, 2, 3, 4, 5, 6].map(|place| of_report[place]);
    let sum = |of: fn(&Amount) -> u64| settled.iter().map(of).sum::<u64>();
    let sums = (sum(|amount| amount.data), sum(|amount| amount.samples));
    assert_eq!((report.entered.data, report.entered.samples), sums);
}

/// Two windows that are on disk, and under way for ever.
async fn under_way(test: &Started, sink: &Scripted) {
    for (calls, amount) in [(1, 3), (2, 4)] {
        test.record(|| counter!("n").increment(amount));
        test.clock.advance(MINUTE);
        // Nothing is sent before it is on disk.
        until(|| sink.calls() == calls).await;
    }
}

#[tokio::test]
async fn what_is_on_disk_is_journaled_and_the_next_process_has_it() {
    let scratch = Scratch::new();
    let sink = Scripted::hanging();
    let test = Started::new(builder(sink.clone(), &scratch));
    under_way(&test, &sink).await;
    let shutdown = test.cloudwatch.shutdown().within(Duration::ZERO);
    let report = shutdown.await.unwrap();
    let stats = test.cloudwatch.stats();
    same(&report, &stats);
    assert_eq!(report.to_string(), "sent 0, pending 7, journaled 7");
    assert_eq!(
        (stats.queue_bytes, stats.oldest_pending),
        (0, Some(minute()))
    );
    until(|| scratch.is_free()).await;
    assert_eq!(stats.journal_bytes, scratch.bytes());

    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    // Before it was polled.
    assert_eq!(test.cloudwatch.stats().journal_bytes, stats.journal_bytes);
    until(|| test.cloudwatch.stats().delivered.samples == 7).await;
    let report = test.cloudwatch.shutdown().await.unwrap();
    assert!(report.entered.is_zero(), "nobody waits for it: {report}");
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.restored.samples, stats.journal_bytes), (7, 0));
    assert_eq!(scratch.bytes(), 0);
}

#[tokio::test]
async fn each_destination_says_what_it_leaves_and_what_it_loses() {
    let scratch = Scratch::new();
    let (kept, lost) = (Scripted::hanging(), Scripted::failing());
    let test = Started::new(
        CloudWatchBuilder::new("Test")
            .with_destination(
                Destination::new("kept", kept.clone()).with_journal(scratch.path(), PLENTY),
            )
            .with_sink("lost", lost.clone())
            .with_sink("hung", Scripted::hanging()),
    );
    under_way(&test, &kept).await;
    let shutdown = test.cloudwatch.shutdown().within(Duration::ZERO);
    let report = shutdown.await.unwrap();
    let stats = test.cloudwatch.stats();
    same(&report, &stats);
    for (name, part) in &report.destinations {
        same(part, &stats.destinations[name]);
    }
    let of = |name: &str| {
        let part = &report.destinations[name];
        [part.pending, part.journaled, part.dropped, part.ambiguous].map(|amount| amount.samples)
    };
    assert_eq!(of("kept"), [7, 7, 0, 0]);
    assert_eq!(of("lost"), [0, 0, 7, 0]);
    assert_eq!(of("hung"), [0, 0, 0, 7]);
}

/// A flush tells what it waited for in vain. It goes on.
#[tokio::test]
async fn a_flush_leaves_what_it_did_not_settle_pending() {
    let scratch = Scratch::new();
    let sink = Scripted::hanging();
    let test = Started::new(builder(sink.clone(), &scratch));
    under_way(&test, &sink).await;
    let flush = test.cloudwatch.flush().within(Duration::ZERO);
    let report = flush.await.unwrap();
    same(&report, &test.cloudwatch.stats());
    assert_eq!(report.to_string(), "sent 0, pending 7");
}

/// No answer comes for hours: what is on disk is counted all the time, and nothing of it at the end.
#[tokio::test]
async fn the_journals_bytes_are_those_of_its_files_in_an_ambiguous_outage() {
    let scratch = Scratch::new();
    let sink = Scripted::new(vec![Fault::Ambiguous; 1_000_000]);
    let small = builder(sink.clone(), &scratch).with_queue_bytes(1_000_000);
    let test = Started::new(small.with_flush_timeout(Duration::from_hours(1)));
    for _ in 0..20 {
        test.record(|| {
            for route in 0..1_000 {
                counter!("n", "route" => route.to_string()).increment(1);
            }
        });
        test.advance(MINUTE).await;
        until(|| test.cloudwatch.stats().journal_writing_bytes == 0).await;
        until(|| test.cloudwatch.stats().journal_bytes == scratch.bytes()).await;
    }
    let stats = test.cloudwatch.stats();
    assert!(stats.journal_bytes > 500_000, "{stats:?}");
    assert!(stats.journaled.samples > 5_000, "{stats:?}");
    sink.recover();
    test.flush().await;
    // A shutdown waits for the disk.
    let _ = test.cloudwatch.shutdown().await.unwrap();
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.journal_bytes, scratch.bytes()), (0, 0));
    assert!(stats.pending.is_zero() && stats.journaled.is_zero());
    assert_eq!(stats.delivered.samples, 20_000);
}

/// Restored data that had no room, went back to the disk, and were read again: the folder's 12,000 samples of the process
/// before, and as many of this one.
#[tokio::test]
async fn what_is_restored_counts_once_however_often_it_is_read() {
    let scratch = Scratch::new();
    let window = |test: &Started| {
        test.record(|| {
            for route in 0..1_000 {
                counter!("n", "route" => route.to_string()).increment(1);
            }
        });
    };
    let clock = ManualClock::new(minute());
    for process in 1..=2 {
        let sink = Scripted::failing();
        let small = builder(sink.clone(), &scratch).with_queue_bytes(1_000_000);
        let test = Started::by_clock(small, clock.clone());
        for number in 1..=12 {
            window(&test);
            test.advance(MINUTE).await;
            until(|| scratch.records() == (process - 1) * 12 + number).await;
            if number % 3 == 0 {
                let flush = test.cloudwatch.flush().within(Duration::ZERO);
                let report = flush.await.unwrap();
                assert_eq!(report.entered.samples, number as u64 * 1_000);
            }
        }
        let left = (process - 1) as u64 * 12_000;
        let stats = test.cloudwatch.stats();
        assert!(stats.restored.samples <= left, "{stats}");
        if process == 2 {
            sink.recover();
            until(|| test.cloudwatch.stats().delivered.samples == 24_000).await;
            assert_eq!(sink.memory.data().len(), 24_000);
        }
        let report = test.cloudwatch.shutdown().within(Duration::ZERO);
        let _ = report.await.unwrap();
        until(|| scratch.is_free()).await;
        let stats = test.cloudwatch.stats();
        assert_eq!(stats.restored.samples, left, "{stats}");
        let pending = if process == 1 { 12_000 } else { 0 };
        let of_stats = (stats.pending.samples, stats.journaled.samples);
        assert_eq!(of_stats, (pending, pending), "{stats}");
        assert_eq!(stats.journal_bytes, scratch.bytes());
    }
}

/// An abort while the disk is reading what an earlier process left: it comes after all else has left the memory.
#[tokio::test]
async fn what_is_read_as_the_exporter_ends_is_journaled() {
    let scratch = Scratch::new();
    let test = Started::new(builder(Scripted::failing(), &scratch));
    test.record(|| counter!("n").increment(7));
    let report = test.cloudwatch.shutdown().within(Duration::ZERO);
    let _ = report.await.unwrap();
    until(|| scratch.is_free()).await;
    for polls in 0..200 {
        let built = builder(Scripted::failing(), &scratch).build();
        let (_recorder, exporter) = built.unwrap();
        let handle = exporter.handle();
        let task = tokio::spawn(exporter.run());
        for _ in 0..polls % 10 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        let stats = handle.stats();
        assert_eq!(stats.pending, stats.journaled, "{stats:?}");
        assert_eq!(stats.queue_bytes, 0, "{stats:?}");
        assert_eq!(stats.journal_bytes, scratch.bytes());
        until(|| scratch.is_free()).await;
    }
}
