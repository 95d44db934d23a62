//! The clock is set, ahead and back, and somebody flushes in the middle of windows, while the service fails in ways
//! that leave no doubt: everything arrives once.

use super::hour::{LEVEL, POISON, Recorded, record};
use crate::fixtures::long::short_or_long;
use crate::fixtures::settable::Settable;
use crate::fixtures::started::minute;
use cloudwatch_local::{Fault, ReceivedDatum, Service};
use metrics_exporter_cloudwatch::{Clock, CloudWatchBuilder};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// Sets the clock ahead or back, sometimes beyond what the service takes.
fn jump(clock: &Settable, random: &mut fastrand::Rng) {
    let by = Duration::from_millis(match random.u8(0..3) {
        0 => random.u64(1..2_000),
        1 => random.u64(1..600_000),
        _ => random.u64(1..20_000_000),
    });
    if random.bool() {
        clock.set_ahead(by);
    } else {
        clock.set_back(by);
    }
}

async fn hour(seed: u64) -> (Recorded, Vec<ReceivedDatum>) {
    let clock = Settable::new(minute());
    let theirs = clock.clone();
    let service = Service::with_clock(move || theirs.now());
    let faults = [
        Fault::Throttle,
        Fault::service_unavailable(),
        Fault::Refuse,
        Fault::access_denied(),
    ];
    service
        .faults()
        .random(seed, faults.map(|fault| (0.1, fault)));
    service.faults().reject_metric(POISON, true);
    let (recorder, exporter) = CloudWatchBuilder::new("Chaos")
        .with_client(service.client())
        .with_clock(clock.clone())
        .with_jitter_seed(seed)
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let account = Mutex::new(Recorded::new());
    let mut random = fastrand::Rng::with_seed(seed);
    for minute in 0..60 {
        record(&recorder, minute, random.u64(..), &account);
        if random.u8(0..4) == 0 {
            jump(&clock, &mut random);
        }
        if random.bool() {
            let time = Duration::from_millis(random.u64(0..5_000));
            let _ = cloudwatch.flush().within(time).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(random.u64(1..90_000))).await;
    }
    service.faults().clear();
    service.faults().reject_metric(POISON, true);
    let report = cloudwatch.shutdown().within(Duration::from_hours(2)).await;
    assert!(report.unwrap().pending.is_zero());
    let stats = cloudwatch.stats();
    assert!(
        stats.dropped.is_zero() && stats.ambiguous.is_zero() && stats.repeated.is_zero(),
        "{stats:?}"
    );
    (account.into_inner().unwrap(), service.received())
}

#[test]
fn a_clock_that_is_set_loses_nothing_and_doubles_nothing() {
    for seed in 0..short_or_long(8, 40) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (mut recorded, received) = runtime.block_on(hour(seed));
        recorded.remove(POISON);
        let mut arrived = BTreeMap::new();
        for datum in received {
            let thread = datum.dimensions.iter().map(|(_, value)| value.as_str());
            let series = datum.metric_name.clone() + &thread.collect::<String>();
            *arrived.entry(series).or_insert(0.0) += datum.sum();
        }
        arrived.retain(|series, _| !series.starts_with(LEVEL));
        let recorded = recorded.into_iter().map(|(series, (_, sum))| (series, sum));
        assert!(
            arrived
                .iter()
                .map(|(series, sum)| (series.clone(), *sum))
                .eq(recorded),
            "seed {seed}: {arrived:?}"
        );
    }
}
