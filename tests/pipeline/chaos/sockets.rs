//! A few minutes over real sockets, in real time but for the clock: faults that take none themselves.

use super::hour::{Hour, POISON, Recorded, THREADS, is_refusal, record, with_gauges};
use super::{MODES, consistent};
use crate::fixtures::polls::until;
use crate::fixtures::started::{local, minute};
use cloudwatch_local::Fault;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Guarantee, ManualClock, Matcher, MetricSettings, Stats,
};
use std::sync::Mutex;
use std::time::Duration;
use tokio::task::JoinSet;

const MINUTES: usize = 5;
const SEEDS: u64 = 8;
/// Longer than any machine takes.
const LONG: Duration = Duration::from_hours(1);

/// Only with some seeds there are refusals, as these exclude others.
fn faults(random: &mut fastrand::Rng, is_refused: bool) -> Vec<Fault> {
    let mut all = vec![
        Fault::Throttle,
        Fault::Status(502),
        Fault::Status(503),
        Fault::internal_failure(),
        Fault::access_denied(),
        Fault::Unparsable,
        Fault::garbage([random.u8(..); 100]),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncate,
        Fault::HugeHeaders,
        Fault::EndlessBody,
    ];
    if is_refused {
        all.extend([Fault::Status(413), Fault::InvalidMember(2)]);
    }
    consistent(&mut all);
    random.shuffle(&mut all);
    all
}

/// Samples that the exporter knows of.
fn known(stats: &Stats) -> u64 {
    let amounts = [
        stats.delivered,
        stats.ambiguous,
        stats.dropped,
        stats.pending,
    ];
    let known = stats.refused.samples + amounts.map(|amount| amount.samples).iter().sum::<u64>();
    assert_eq!(stats.entered.samples, known, "{stats:?}");
    known
}

async fn minutes(seed: u64, guarantee: Guarantee) -> Hour {
    let mut random = fastrand::Rng::with_seed(seed);
    let faults = faults(&mut random, seed.is_multiple_of(3));
    let is_refused = faults.iter().any(is_refusal);
    let clock = ManualClock::new(minute());
    let local = local(&clock).await;
    local.faults().reject_metric(POISON, seed.is_multiple_of(2));
    // None after another, so that pauses stay short.
    let script = faults.into_iter().take(6);
    local
        .faults()
        .script(script.flat_map(|fault| [Some(fault), None]));
    let (to, exporter) = CloudWatchBuilder::new("Chaos")
        .with_client(local.client())
        .with_clock(clock.clone())
        .with_metric_settings(
            Matcher::any(),
            MetricSettings::new().with_guarantee(guarantee),
        )
        .with_jitter_seed(seed)
        .with_send_jitter(Duration::ZERO)
        .with_request_timeout(LONG)
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    let running = tokio::spawn(exporter.run());
    let account = Mutex::new(Recorded::new());
    for minute in 0..MINUTES {
        record(&to, minute, random.u64(..), &account);
        let samples: u64 = account
            .lock()
            .unwrap()
            .values()
            .map(|(samples, _)| samples)
            .sum();
        let gauges = THREADS * (minute + 1);
        clock.advance(Duration::from_mins(1));
        // The window is drained, whether or not it can be sent.
        until(|| known(&cloudwatch.stats()) >= samples + gauges as u64).await;
    }
    let report = cloudwatch.shutdown().within(LONG).await.unwrap();
    assert!(report.pending.is_zero(), "{report:?}");
    running.await.unwrap();
    Hour {
        recorded: with_gauges(account, MINUTES),
        is_refused,
        service: local.service().clone(),
        stats: cloudwatch.stats(),
        refused: cloudwatch.refusals(),
        guarantee,
    }
}

/// All at the same time, as most of it is waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_sockets_the_accounts_are_the_same() {
    let mut runs = JoinSet::new();
    for guarantee in MODES {
        for seed in 0..SEEDS {
            runs.spawn(async move { (seed, minutes(seed, guarantee).await) });
        }
    }
    let mut met = 0;
    while let Some(run) = runs.join_next().await {
        let (seed, minutes) = run.unwrap();
        let requests = minutes.requests();
        let faults = requests.iter().filter(|(_, fault, _)| fault.is_some());
        met += faults.count();
        minutes.account(&format!("{:?}, seed {seed}", minutes.guarantee));
    }
    // What waited goes in one request, so that there may be few in a run.
    assert!(met as u64 >= 3 * 2 * SEEDS, "{met} faults");
}
