//! More than the queue has room for, during an outage: what is missing was reported as dropped, to the last sample.

use crate::fixtures::long::short_or_long;
use crate::fixtures::started::minute;
use crate::sending::service_at;
use cloudwatch_local::Fault;
use metrics::histogram;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Guarantee, ManualClock, Matcher, MetricSettings,
};
use std::time::Duration;

const SERIES: u64 = 100;
const VALUES: u32 = 150;

/// Gives what was missing, dropped and given up.
async fn outage(seed: u64, guarantee: Guarantee, fault: Fault) -> (u64, u64, u64) {
    let clock = ManualClock::new(minute());
    let service = service_at(&clock);
    service.faults().random(seed, [(0.9, fault)]);
    let (recorder, exporter) = CloudWatchBuilder::new("Chaos")
        .with_client(service.client())
        .with_clock(clock.clone())
        .with_metric_settings(
            Matcher::any(),
            MetricSettings::new().with_guarantee(guarantee),
        )
        .with_queue_bytes(1_000_000)
        .with_jitter_seed(seed)
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let windows = short_or_long(15, 60);
    for _ in 0..windows {
        metrics::with_local_recorder(&recorder, || {
            for series in 0..SERIES {
                let histogram = histogram!("size", "series" => series.to_string());
                (0..VALUES).for_each(|value| histogram.record(value));
            }
        });
        clock.advance(Duration::from_mins(1));
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    service.faults().clear();
    let report = cloudwatch.shutdown().within(Duration::from_hours(2)).await;
    assert!(report.unwrap().pending.is_zero());
    let stats = cloudwatch.stats();
    // The same window of a series twice is one window that arrived.
    let mut arrived: Vec<_> = service.received();
    arrived.sort_by_key(|datum| (datum.timestamp, datum.dimensions.clone()));
    let applied = arrived.len();
    arrived.dedup_by_key(|datum| (datum.timestamp, datum.dimensions.clone()));
    if guarantee == Guarantee::AtMostOnce {
        assert_eq!(arrived.len(), applied, "something came twice");
    }
    assert!(
        arrived
            .iter()
            .all(|datum| datum.sample_count() == f64::from(VALUES))
    );
    let all = windows * SERIES * u64::from(VALUES);
    let missing = all - arrived.len() as u64 * u64::from(VALUES);
    let accounted = stats.delivered.samples + stats.dropped.samples + stats.ambiguous.samples;
    assert_eq!(accounted, all, "{stats:?}");
    (missing, stats.dropped.samples, stats.ambiguous.samples)
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_reported() {
    let faults = [
        Fault::service_unavailable(),
        Fault::ResetBefore,
        Fault::ResetAfter,
    ];
    for (seed, fault) in faults.into_iter().enumerate() {
        for guarantee in super::MODES {
            let (missing, dropped, given_up) = outage(seed as u64, guarantee, fault.clone()).await;
            let what =
                format!("{fault:?}, {guarantee:?}: {missing} = {dropped} + some of {given_up}");
            assert!((dropped..=dropped + given_up).contains(&missing), "{what}");
            assert!(missing > 0 || fault == Fault::ResetAfter, "{what}");
            if fault == Fault::service_unavailable() {
                assert_eq!((missing, given_up), (dropped, 0), "{what}");
            }
        }
    }
}
