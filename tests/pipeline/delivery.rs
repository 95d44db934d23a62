//! Retries, the bounded queue, and what flushes say of them. Tokio's time is paused: no test waits.

use crate::fixtures::scripted::{Fault, Scripted, start};
use crate::fixtures::started::Started;
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::limits::TimestampFault;
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, Datum, ExplicitDatum, MemorySink, Refusal,
};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn what_failed_is_sent_again_under_its_own_time_stamp() {
    let sink = Scripted::new([Fault::Transient; 5]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    test.clock.advance(Duration::from_mins(1));
    test.flush().await;
    assert_eq!(sink.calls(), 6);
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
    assert_eq!(
        sink.memory.data()[0].timestamp(),
        crate::fixtures::started::minute()
    );
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.failed_attempts, stats.delivered.samples), (5, 3));
    assert!(stats.pending.is_zero());
}

#[tokio::test(start_paused = true)]
async fn attempts_get_rarer() {
    let sink = Scripted::new(vec![Fault::Transient; 10_000]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(1));
    test.clock.advance(Duration::from_mins(1));
    tokio::time::sleep(Duration::from_hours(1)).await;
    // Up to a minute apart, half of it on the average: about 120 in an hour.
    assert!((60..240).contains(&sink.calls()), "{}", sink.calls());
}

#[tokio::test(start_paused = true)]
async fn a_flush_out_of_time_says_what_is_pending() {
    let sink = Scripted::new([Fault::Hang]);
    let test = Started::new(CloudWatchBuilder::new("Test").with_sink("test", sink));
    test.record(|| counter!("n").increment(3));
    let before = Instant::now();
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    assert_eq!((report.pending.data, report.pending.samples), (1, 3));
    assert!(report.delivered.is_zero() && !report.is_complete());
    assert_eq!(test.cloudwatch.stats().pending, report.pending);
}

#[tokio::test(start_paused = true)]
async fn flushes_at_once_share_the_work() {
    let sink = Scripted::new([Fault::Transient]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let (one, other) = tokio::join!(test.cloudwatch.flush(), test.cloudwatch.flush());
    assert_eq!(
        (
            one.unwrap().delivered.samples,
            other.unwrap().delivered.samples
        ),
        (3, 3)
    );
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_request_is_reported_series_by_series() {
    let sink = Scripted::new([Fault::Refused]);
    let test = start(&sink);
    test.record(|| {
        counter!("n").increment(3);
        histogram!("h").record_many(1, 4);
    });
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(sink.calls(), 1, "it would be rejected again");
    let refused: Vec<_> = report
        .refusals
        .iter()
        .map(|refused| (refused.key.name(), refused.samples))
        .collect();
    assert_eq!(refused, [("n", 3), ("h", 4)]);
    assert!(
        matches!(&report.refusals[0].reason, Refusal::Rejected { code, .. } if code == "InvalidParameterValue")
    );
    assert_eq!(test.cloudwatch.stats().refused.samples, 7);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_the_oldest_and_says_so() {
    let sink = Scripted::new(vec![Fault::Transient; 10_000]);
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_queue_bytes(1_000_000);
    let test = Started::new(builder);
    // About 2.8 KB each: two windows of 150 fit, a third does not.
    for window in 1..=3 {
        test.record(|| {
            for series in 0..150 {
                let histogram = histogram!("h", "series" => series.to_string());
                (1..=150).for_each(|value| histogram.record(value));
            }
        });
        test.clock.advance(Duration::from_mins(1));
        // Out of time, as nothing goes through.
        let _ = test.cloudwatch.flush().await.unwrap();
        let dropped = if window == 3 { 150 } else { 0 };
        assert_eq!(test.cloudwatch.stats().dropped.data, dropped);
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.pending.data, 300);
    assert_eq!(stats.dropped.samples, 150 * 150);
    sink.recover();
    test.flush().await;
    let data = sink.memory.data();
    assert_eq!(data.len(), 300);
    let oldest = data.iter().map(Datum::timestamp).min().unwrap();
    assert_eq!(
        oldest,
        crate::fixtures::started::minute() + Duration::from_mins(1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_flush_tells_what_it_dropped_itself() {
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_queue_bytes(1_000_000);
    let test = Started::new(builder);
    test.record(|| {
        for series in 0..2_000 {
            let histogram = histogram!("h", "series" => series.to_string());
            (1..=150).for_each(|value| histogram.record(value));
        }
    });
    let report = test.cloudwatch.flush().await.unwrap();
    assert!(report.dropped.data > 0 && !report.is_complete());
    assert_eq!(report.delivered.data + report.dropped.data, 2_000);
    assert_eq!(report.delivered.data, sink.data().len() as u64);
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.delivered, stats.dropped),
        (report.delivered, report.dropped)
    );
}

#[tokio::test(start_paused = true)]
async fn a_flush_may_have_all_the_time_there_is() {
    let sink = Scripted::new([Fault::Transient]);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
    let test = Started::new(builder.with_flush_timeout(Duration::MAX));
    test.record(|| counter!("n").increment(u64::MAX));
    test.flush().await;
    test.record(|| counter!("m").increment(1));
    test.flush().await;
    assert_eq!(
        test.cloudwatch.stats().delivered.samples,
        u64::MAX,
        "as far as it goes"
    );
}

#[tokio::test(start_paused = true)]
async fn data_too_old_never_leave() {
    let sink = Scripted::default();
    let test = start(&sink);
    test.settle().await;
    test.record(|| counter!("n").increment(3));
    test.clock.advance(Duration::from_hours(21 * 24));
    // That clock alone may have jumped.
    let advance = tokio::time::advance(Duration::from_hours(21 * 24));
    let (report, ()) = tokio::join!(test.cloudwatch.flush(), advance);
    let report = report.unwrap();
    assert_eq!(report.refusals.len(), 1);
    let too_old = Refusal::Timestamp(TimestampFault::TooOld);
    assert_eq!(
        (&report.refusals[0].reason, report.refusals[0].samples),
        (&too_old, 3)
    );
    assert_eq!(sink.calls(), 0);
    // What waits grows old, too.
    sink.script.lock().unwrap().push_back(Fault::Transient);
    test.record(|| counter!("n").increment(3));
    test.advance(Duration::from_mins(1)).await;
    assert_eq!(sink.calls(), 1);
    // Nothing runs in between, as if the process were frozen.
    test.clock.advance(Duration::from_hours(15 * 24));
    tokio::time::advance(Duration::from_hours(15 * 24)).await;
    test.settle().await;
    assert_eq!(
        (sink.calls(), test.cloudwatch.stats().refused.samples),
        (1, 6)
    );
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_loses_nothing_that_waits() {
    let sink = Scripted::new([Fault::Transient]);
    let test = start(&sink);
    test.settle().await;
    for amount in [3, 4] {
        test.record(|| counter!("n").increment(amount));
        test.advance(Duration::from_mins(1)).await;
    }
    let theirs = test.clock.now() + Duration::from_hours(1);
    test.cloudwatch
        .put(ExplicitDatum::value("own", 1.0).with_timestamp(theirs))
        .unwrap();
    assert_eq!(sink.calls(), 1);
    test.clock.set(test.clock.now() - Duration::from_hours(5));
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(
        (report.delivered.samples, sink.memory.sum("n", &[])),
        (7, 7.0)
    );
    let stamps = sink.memory.data();
    let stamps = stamps.iter().map(Datum::timestamp);
    assert!(stamps.into_iter().all(|stamp| stamp == test.clock.now()));
    // An application's own word stands, or falls.
    let own = report.refusals.iter().map(|refused| refused.key.name());
    assert_eq!(own.collect::<Vec<_>>(), ["own"]);
}

/// A sink that never answers costs one attempt, not all that come after it.
#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_is_given_up() {
    let sink = Scripted::new([Fault::Transient, Fault::Hang]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let before = Instant::now();
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!((report.delivered.samples, report.repeated.samples), (3, 3));
    assert!(before.elapsed() < Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_one_flush_may_be_its_own() {
    let sink = Scripted::new([Fault::Hang]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    let before = Instant::now();
    let second = Duration::from_secs(1);
    let report = test.cloudwatch.flush().within(second).await.unwrap();
    assert_eq!((report.pending.samples, before.elapsed()), (3, second));
    // It goes on trying.
    assert!(report.ambiguous.is_zero());
    test.flush().await;
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_does_not_hold_up_the_rest() {
    let sink = Scripted::new([Fault::Hang]);
    let test = start(&sink);
    for amount in [3, 4, 5] {
        test.record(|| counter!("n").increment(amount));
        test.advance(Duration::from_mins(1)).await;
    }
    assert_eq!((sink.calls(), sink.memory.sum("n", &[])), (3, 9.0));
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_in_flight_than_may_be() {
    for most in [1, 3] {
        let sink = Scripted::new([Fault::Hang; 10]);
        let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
        let test = Started::new(builder.with_max_in_flight(most));
        for _ in 0..10 {
            test.record(|| counter!("n").increment(1));
            test.advance(Duration::from_mins(1)).await;
        }
        assert_eq!(sink.calls(), most);
    }
}
