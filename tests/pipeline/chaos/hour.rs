//! One hour, or a third of it in the short form: four threads record, a service fails, and at the end it has mended.

use crate::fixtures::long::short_or_long;
use crate::fixtures::started::minute;
use cloudwatch_local::{Fault, ReceivedRequest, Service};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, CloudWatchRecorder, Guarantee, Matcher, MetricSettings, Refused,
    Sleeping, Stats,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

pub(crate) const THREADS: usize = 4;
/// Data of this metric are never accepted.
pub(crate) const POISON: &str = "poison";
/// A gauge for each thread, which is told in every window.
pub(crate) const LEVEL: &str = "level";

/// Tokio's time, which is paused, as the time of day.
#[derive(Clone, Copy)]
struct Simulated {
    start: Instant,
}

impl Clock for Simulated {
    fn now(&self) -> SystemTime {
        minute() + self.start.elapsed()
    }

    fn sleep_until(&self, deadline: SystemTime) -> Sleeping<'_> {
        let rest = deadline.duration_since(self.now()).unwrap_or_default();
        Box::pin(tokio::time::sleep(rest))
    }
}

/// By series: samples, and their sum.
pub(crate) type Recorded = BTreeMap<String, (u64, f64)>;

/// What happened.
pub(crate) struct Hour {
    pub(crate) recorded: Recorded,
    /// Some of the faults are refusals.
    pub(crate) is_refused: bool,
    pub(crate) service: Service,
    pub(crate) stats: Stats,
    pub(crate) refused: Vec<Refused>,
    pub(crate) guarantee: Guarantee,
}

impl Hour {
    pub(crate) fn run(seed: u64, guarantee: Guarantee, faults: &[(f64, Fault)]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(Self::run_here(seed, guarantee, faults))
    }

    async fn run_here(seed: u64, guarantee: Guarantee, faults: &[(f64, Fault)]) -> Self {
        let clock = Simulated {
            start: Instant::now(),
        };
        let service = Service::with_clock(move || clock.now());
        let is_named = seed.is_multiple_of(2);
        service.faults().random(seed, faults.iter().cloned());
        service.faults().reject_metric(POISON, is_named);
        if seed.is_multiple_of(3) {
            service.faults().limit_body(700);
        }
        let (recorder, exporter) = CloudWatchBuilder::new("Chaos")
            .with_client(service.client())
            .with_clock(clock)
            .with_metric_settings(
                Matcher::any(),
                MetricSettings::new().with_guarantee(guarantee),
            )
            .with_jitter_seed(seed)
            .build()
            .unwrap();
        let cloudwatch = exporter.handle();
        let running = tokio::spawn(exporter.run());
        let account = Mutex::new(Recorded::new());
        let mut random = fastrand::Rng::with_seed(seed);
        let minutes = short_or_long(20, 60);
        for minute in 0..minutes {
            tokio::time::sleep(Duration::from_millis(random.u64(1..60_000))).await;
            record(&recorder, minute, random.u64(..), &account);
            let next = Duration::from_mins(1 + minute as u64);
            tokio::time::sleep_until(clock.start + next).await;
        }
        // Somebody mends it.
        service.faults().clear();
        service.faults().reject_metric(POISON, is_named);
        let report = cloudwatch
            .shutdown()
            .within(Duration::from_hours(2))
            .await
            .unwrap();
        assert!(report.pending.is_zero(), "{report:?}");
        running.await.unwrap();
        Self {
            recorded: with_gauges(account, minutes),
            is_refused: faults.iter().any(|(_, fault)| is_refusal(fault)),
            service,
            stats: cloudwatch.stats(),
            refused: cloudwatch.refusals(),
            guarantee,
        }
    }

    /// What was attempted, and how that went.
    pub(crate) fn requests(&self) -> Vec<(usize, Option<Fault>, bool)> {
        let requests = self.service.requests().into_iter();
        let seen = |request: ReceivedRequest| (request.data, request.fault, request.is_applied);
        requests.map(seen).collect()
    }
}

/// With what gauges told in each window, the last and shortest included; their values do not add up to anything.
pub(crate) fn with_gauges(account: Mutex<Recorded>, minutes: usize) -> Recorded {
    let mut recorded = account.into_inner().unwrap();
    let told = (minutes as u64 + 1, f64::NAN);
    recorded.extend((0..THREADS).map(|thread| (format!("{LEVEL}{thread}"), told)));
    recorded
}

/// Whether data may be refused for it.
pub(crate) fn is_refusal(fault: &Fault) -> bool {
    matches!(fault, Fault::InvalidMember(_) | Fault::Status(413))
}

/// What four threads do at the same time, once in a minute.
pub(crate) fn record(
    to: &CloudWatchRecorder,
    minute: usize,
    seed: u64,
    recorded: &Mutex<Recorded>,
) {
    if minute == 0 {
        // In a fixed order, so that the order of data in a request does not hang on who comes first.
        metrics::with_local_recorder(to, || {
            for thread in 0..THREADS {
                let _ = counter!("own", "thread" => thread.to_string());
                let _ = gauge!(LEVEL, "thread" => thread.to_string());
            }
            let _ = (counter!("shared"), histogram!("size"), counter!(POISON));
        });
    }
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                metrics::with_local_recorder(to, || one(minute, thread, seed, recorded));
            });
        }
    });
}

fn one(minute: usize, thread: usize, seed: u64, recorded: &Mutex<Recorded>) {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_add(thread as u64));
    let note = |series: String, samples: u64, sum: f64| {
        let mut recorded = recorded.lock().unwrap();
        let (all, total) = recorded.entry(series).or_default();
        *all += samples;
        *total += sum;
    };
    let thread_label = thread.to_string();
    for _ in 0..random.usize(1..5) {
        let amount = random.u32(1..1_000);
        counter!("shared").increment(amount.into());
        note("shared".into(), amount.into(), amount.into());
        let amount = random.u32(1..1_000);
        counter!("own", "thread" => thread_label.clone()).increment(amount.into());
        note(format!("own{thread}"), amount.into(), amount.into());
        let value = f64::from(random.u8(..));
        histogram!("size").record(value);
        note("size".into(), 1, value);
    }
    gauge!(LEVEL, "thread" => thread_label).set(f64::from(random.u8(..)));
    if minute.is_multiple_of(10) && thread == 0 {
        counter!(POISON).increment(5);
        note(POISON.into(), 5, 5.0);
    }
}
