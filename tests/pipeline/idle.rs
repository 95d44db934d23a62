//! What is idle is silent, and comes back with its next record.

use crate::fixtures::started::InMemory;
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::MetricKindMask;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn an_idle_gauge_is_sent_no_more_until_it_is_set() {
    let timeout = Some(3 * MINUTE);
    let InMemory { started, sink } =
        InMemory::new(|builder| builder.idle_timeout(MetricKindMask::ALL, timeout));
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
    for mask in [MetricKindMask::COUNTER, MetricKindMask::ALL] {
        let timeout = (mask == MetricKindMask::COUNTER).then_some(MINUTE);
        let InMemory { started, sink } =
            InMemory::new(|builder| builder.idle_timeout(mask, timeout));
        started.record(|| gauge!("depth").set(5.0));
        for _ in 0..100 {
            started.advance(MINUTE).await;
            assert_eq!(sink.take().len(), 1);
        }
    }
}
