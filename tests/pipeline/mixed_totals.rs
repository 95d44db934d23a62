//! As `mixed_refusals`, where totals are sent: those of each series arrive by time, with a zero first, and all that healthy
//! series increased by is in them.

use crate::fixtures::keeping::named;
use crate::fixtures::long::short_or_long;
use crate::fixtures::reader::Reader;
use crate::fixtures::started::Started;
use crate::mixed_refusals::{Fault, PULSE, SERIES, Window, fault, invalid, window};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Matcher, MetricSettings, Profile, SendError, Sent,
    Sink,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    bad: u32,
    names: usize,
    cap: usize,
    max_data: usize,
    faults: Vec<Fault>,
    windows: Vec<Window>,
}

#[derive(Clone, Default)]
struct Totals(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bad: u32,
    names: usize,
    cap: usize,
    max_data: usize,
    faults: VecDeque<Fault>,
    reader: Reader,
}

impl Totals {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Sink for Totals {
    fn profile(&self) -> Profile {
        Profile::default()
            .with_totals()
            .with_max_data(self.state().max_data)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        100
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let fault = {
            let mut state = self.state();
            let fault = state.faults.pop_front().unwrap_or(Fault::None);
            let is_bad = |datum: &Datum| {
                let name = named(datum);
                let number = name.strip_prefix("n").and_then(|it| it.parse().ok());
                number.is_some_and(|number: u32| state.bad & (1 << number) != 0)
            };
            let bad = batch.data().iter().enumerate();
            let bad = bad.filter(|(_, datum)| is_bad(datum));
            let bad: Vec<usize> = bad.map(|(place, _)| place).collect();
            let is_large = batch.data().len() > state.cap;
            match fault {
                Fault::None if is_large => return Err(SendError::TooLarge("too large".into())),
                Fault::None if !bad.is_empty() => {
                    return Err(invalid(bad.into_iter().take(state.names).collect()));
                }
                Fault::None => {
                    state.reader.read(batch.data());
                    return Ok(Sent::default());
                }
                Fault::Unanswered if !is_large && bad.is_empty() => {
                    state.reader.read(batch.data());
                }
                _ => {}
            }
            fault
        };
        match fault {
            Fault::Transient => Err(SendError::Transient("no route".into())),
            Fault::Throttled => Err(SendError::Throttled {
                source: "too fast".into(),
                retry_after: None,
            }),
            Fault::Denied => Err(SendError::Denied("no".into())),
            Fault::Refused => Err(invalid(Vec::new())),
            Fault::Named => Err(invalid(vec![0])),
            Fault::Hang => std::future::pending().await,
            _ => Err(SendError::Ambiguous("no answer".into())),
        }
    }
}

async fn run(case: Case) -> Result<(), TestCaseError> {
    let sink = Totals::default();
    {
        let mut state = sink.state();
        (state.bad, state.names, state.cap) = (case.bad, case.names, case.cap);
        state.max_data = case.max_data;
        state.faults = case.faults.iter().copied().collect();
    }
    let settings = MetricSettings::new().with_idle_timeout(Some(3 * MINUTE));
    let builder = CloudWatchBuilder::new("Test")
        .with_jitter_seed(case.seed)
        .with_request_timeout(Duration::from_secs(4))
        .with_flush_timeout(Duration::from_secs(5))
        .with_metric_settings(Matcher::any(), settings)
        .with_sink("test", sink.clone());
    let test = Started::new(builder);
    let mut recorded = BTreeMap::new();
    let mut record = |bits: u32, pulse: bool| {
        test.record(|| {
            let numbers = (0..SERIES).filter(|number| bits & (1 << number) != 0);
            let names = numbers.map(|number| format!("n{number}"));
            for name in names.chain(pulse.then(|| PULSE.to_owned())) {
                counter!(name.clone()).increment(1);
                *recorded.entry(name).or_default() += 1;
            }
        });
    };
    for window in &case.windows {
        record(window.recorded, false);
        if window.flushes {
            let cloudwatch = test.cloudwatch.clone();
            tokio::spawn(async move {
                let _ = cloudwatch.flush().await;
            });
            test.settle().await;
        }
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(Duration::from_secs(window.seconds)).await;
    }
    sink.state().faults.clear();
    for minute in 0..90 {
        record(0, true);
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(MINUTE).await;
        if minute > 8 && test.cloudwatch.stats().pending.is_zero() {
            break;
        }
    }
    let stats = test.cloudwatch.stats();
    // A reader that panics takes only its attempt along.
    prop_assert!(!sink.0.is_poisoned(), "the reader found a fault");
    prop_assert!(stats.pending.is_zero(), "stuck: {stats:?}");
    // Nobody can tell these from refusals on the data's merits.
    let is_odd = |fault: &Fault| matches!(fault, Fault::Refused | Fault::Named);
    if case.faults.iter().any(is_odd) {
        return Ok(());
    }
    for refused in &test.cloudwatch.refusals() {
        let number: usize = refused.key.name()[1..].parse().unwrap_or(31);
        prop_assert!(case.bad & (1 << number) != 0, "healthy: {refused}");
    }
    prop_assert_eq!(stats.dropped.samples, 0, "{}", stats);
    if stats.ambiguous.is_zero() {
        let reader = sink.state().reader.clone();
        for (name, samples) in recorded {
            let number: usize = name[1..].parse().unwrap_or(31);
            let is_bad = case.bad & (1 << number) != 0;
            let expected = if is_bad { 0 } else { samples };
            prop_assert_eq!(reader.increase(&name), expected, "{}", name);
        }
    }
    Ok(())
}

fn odd() -> impl Strategy<Value = Fault> {
    prop_oneof![4 => fault(), 1 => Just(Fault::Refused), 1 => Just(Fault::Named)]
}

fn case() -> impl Strategy<Value = Case> {
    let bits = prop_oneof![
        Just(0),
        0..1_u32 << SERIES,
        (0..SERIES).prop_map(|one| 1 << one)
    ];
    let sizes = (
        prop_oneof![Just(1_000), 1..6_usize],
        prop_oneof![Just(1_000), 1..6_usize],
    );
    let few = prop_oneof![Just(0), Just(1), Just(100)];
    (
        any::<u64>(),
        bits,
        few,
        sizes,
        prop_oneof![
            prop::collection::vec(fault(), 0..30),
            prop::collection::vec(odd(), 0..30),
        ],
        prop::collection::vec(window(), 1..12),
    )
        .prop_map(|(seed, bad, names, sizes, faults, windows)| Case {
            seed,
            bad,
            names,
            cap: sizes.0,
            max_data: sizes.1,
            faults,
            windows,
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: short_or_long(200, 10_000),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn totals_arrive_by_time_and_none_that_is_healthy_is_refused(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(case))?;
    }
}
