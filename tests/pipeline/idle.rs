//! What is idle is silent, and comes back with its next record.

use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{InMemory, Started};
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, Matcher, MetricKind, MetricSettings};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn an_idle_gauge_is_sent_no_more_until_it_is_set() {
    let settings = MetricSettings::new().with_idle_timeout(Some(3 * MINUTE));
    let InMemory { started, sink } =
        InMemory::new(|builder| builder.with_metric_settings(Matcher::any(), settings));
    started.record(|| gauge!("depth").set(5.0));
    let mut sent = Vec::new();
    for _ in 0..6 {
        started.advance(MINUTE).await;
        sent.push(sink.take().len());
    }
    assert_eq!(sent, [1, 1, 1, 0, 0, 0]);
    started.record(|| gauge!("depth").set(6.0));
    started.record(|| counter!("requests").increment(1));
    started.advance(MINUTE).await;
    assert_eq!(sink.take().len(), 2);
    started.advance(MINUTE).await;
    assert_eq!(sink.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_a_gauge_is_sent_for_ever() {
    let counters = Matcher::any().with_kind(MetricKind::Counter);
    for (matcher, timeout) in [(counters, Some(MINUTE)), (Matcher::any(), None)] {
        let settings = MetricSettings::new().with_idle_timeout(timeout);
        let InMemory { started, sink } =
            InMemory::new(|builder| builder.with_metric_settings(matcher, settings));
        started.record(|| gauge!("depth").set(5.0));
        for _ in 0..100 {
            started.advance(MINUTE).await;
            assert_eq!(sink.take().len(), 1);
        }
    }
}

/// Data that cannot be sent keep names and labels of series that are no more: the queue's bound holds for these, too.
#[tokio::test(start_paused = true)]
async fn the_queue_counts_what_it_keeps_of_evicted_series() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Scripted::failing());
    let settings = MetricSettings::new().with_idle_timeout(Some(3 * MINUTE));
    let started = Started::new(builder.with_metric_settings(Matcher::any(), settings));
    let long = "x".repeat(200);
    started.record(|| {
        for number in 0..1_000 {
            counter!("n", "long" => format!("{long}{number}")).increment(1);
        }
    });
    started.advance(MINUTE).await;
    let before = started.cloudwatch.stats().queue_bytes;
    started.advance(4 * MINUTE).await;
    started.record(|| counter!("one more").increment(1));
    started.advance(MINUTE).await;
    let stats = started.cloudwatch.stats();
    assert_eq!(stats.pending.data, 1_001);
    let more = stats.queue_bytes - before;
    assert!((200_000..600_000).contains(&more), "{more} bytes");
}
