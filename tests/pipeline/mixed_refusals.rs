//! Bad series, whatever else a destination answers meanwhile: each datum is applied as its guarantee says, none that is
//! healthy is refused, and all of it is settled once the destination is well.

use crate::fixtures::keeping::named;
use crate::fixtures::long::short_or_long;
use crate::fixtures::started::Started;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Guarantee, Matcher, MetricSettings, Profile,
    SendError, Sent, Sink,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const SERIES: usize = 8;
/// Healthy, and recorded until all is over.
pub(crate) const PULSE: &str = "pulse";

/// What comes between.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    Transient,
    Throttled,
    Denied,
    /// Nothing arrived.
    Lost,
    /// All of it arrived, if it is taken.
    Unanswered,
    Hang,
    /// Refused without a name, whatever it is.
    Refused,
    /// The first is named, whatever it is.
    Named,
}

#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// Series, by bits.
    pub(crate) recorded: u32,
    pub(crate) flushes: bool,
    pub(crate) seconds: u64,
}

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    /// Series, by bits.
    bad: u32,
    /// Of these series one datum alone is bad.
    once: u32,
    at_most_once: u32,
    /// So many of the bad are named.
    names: usize,
    /// More data than these are too large.
    cap: usize,
    max_data: usize,
    queue_bytes: usize,
    faults: Vec<Fault>,
    windows: Vec<Window>,
}

#[derive(Clone, Default)]
struct Mixed(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bad: u32,
    bad_values: BTreeSet<u64>,
    names: usize,
    cap: usize,
    max_data: usize,
    faults: VecDeque<Fault>,
    /// How often each value arrived: as we were told, or not.
    told: BTreeMap<u64, u32>,
    untold: BTreeMap<u64, u32>,
    requests: usize,
}

impl Mixed {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

fn number_of(datum: &Datum) -> Option<usize> {
    let name = named(datum);
    name.strip_prefix("n")
        .and_then(|number| number.parse().ok())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers"
)]
fn value_of(datum: &Datum) -> u64 {
    datum.value().statistics().sum as u64
}

pub(crate) fn invalid(members: Vec<usize>) -> SendError {
    SendError::Invalid {
        code: "InvalidParameterValue".into(),
        message: "no".into(),
        members,
    }
}

impl State {
    fn verdict(&self, batch: &Batch) -> Result<(), SendError> {
        if batch.data().len() > self.cap {
            return Err(SendError::TooLarge("too large".into()));
        }
        let is_bad = |datum: &Datum| {
            let number = number_of(datum);
            number.is_some_and(|number| self.bad & (1 << number) != 0)
                || self.bad_values.contains(&value_of(datum))
        };
        let bad = batch.data().iter().enumerate();
        let bad: Vec<usize> = bad
            .filter(|(_, datum)| is_bad(datum))
            .map(|(place, _)| place)
            .collect();
        if bad.is_empty() {
            return Ok(());
        }
        Err(invalid(bad.into_iter().take(self.names).collect()))
    }
}

impl Sink for Mixed {
    fn profile(&self) -> Profile {
        Profile::default().with_max_data(self.state().max_data)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        100
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let fault = {
            let mut state = self.state();
            state.requests += 1;
            let fault = state.faults.pop_front().unwrap_or(Fault::None);
            let verdict = state.verdict(batch);
            let values = batch.data().iter().map(value_of);
            match fault {
                Fault::None => {
                    verdict?;
                    for value in values {
                        *state.told.entry(value).or_default() += 1;
                    }
                    return Ok(Sent::default());
                }
                Fault::Unanswered if verdict.is_ok() => {
                    for value in values {
                        *state.untold.entry(value).or_default() += 1;
                    }
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

struct Value {
    series: Option<usize>,
}

async fn run(case: Case) -> Result<(), TestCaseError> {
    let sink = Mixed::default();
    {
        let mut state = sink.state();
        state.bad = case.bad;
        state.names = case.names;
        state.cap = case.cap;
        state.max_data = case.max_data;
        state.faults = case.faults.iter().copied().collect();
    }
    let mut builder = CloudWatchBuilder::new("Test")
        .with_jitter_seed(case.seed)
        .with_request_timeout(Duration::from_secs(4))
        .with_queue_bytes(case.queue_bytes)
        .with_flush_timeout(Duration::from_secs(5))
        .with_sink("test", sink.clone());
    for number in (0..SERIES).filter(|number| case.at_most_once & (1 << number) != 0) {
        builder = builder.with_metric_settings(
            Matcher::exact(format!("n{number}")),
            MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
        );
    }
    let test = Started::new(builder);
    let (mut values, mut once) = (BTreeMap::new(), case.once);
    let mut record = |recorded: u32, pulse: bool| {
        test.record(|| {
            for number in (0..SERIES).filter(|number| recorded & (1 << number) != 0) {
                let value = values.len() as u64 + 1;
                counter!(format!("n{number}")).increment(value);
                let series = Some(number);
                if once & (1 << number) != 0 {
                    once &= !(1 << number);
                    sink.state().bad_values.insert(value);
                }
                values.insert(value, Value { series });
            }
            if pulse {
                let value = values.len() as u64 + 1;
                counter!(PULSE).increment(value);
                values.insert(value, Value { series: None });
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
    // Two refusals of each prove something only beside what is accepted.
    for minute in 0..60 {
        record(0, true);
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(MINUTE).await;
        if minute > 3 && test.cloudwatch.stats().pending.is_zero() {
            break;
        }
    }
    check(&case, &sink, &test, &values)
}

/// All of it is somewhere, and nothing healthy is refused.
fn check(
    case: &Case,
    sink: &Mixed,
    test: &Started,
    values: &BTreeMap<u64, Value>,
) -> Result<(), TestCaseError> {
    let stats = test.cloudwatch.stats();
    prop_assert!(stats.pending.is_zero(), "stuck: {stats:?}");
    let refusals = test.cloudwatch.refusals();
    for refused in &refusals {
        let number: usize = refused.key.name()[1..].parse().unwrap_or(31);
        let bad = case.bad | case.once;
        prop_assert!(bad & (1 << number) != 0, "healthy: {refused}");
    }
    let seen = sink.state();
    let of = |all: &BTreeMap<u64, u32>, value| all.get(value).copied().unwrap_or_default();
    let (mut delivered, mut lost) = (0, 0);
    let mut bad = 0;
    for (value, Value { series }) in values {
        let (told, untold) = (of(&seen.told, value), of(&seen.untold, value));
        let is = |bits: u32| series.is_some_and(|number| bits & (1 << number) != 0);
        if is(case.bad) || seen.bad_values.contains(value) {
            prop_assert_eq!(told + untold, 0);
            bad += 1;
            continue;
        }
        prop_assert!(told <= 1, "{} of {:?}: twice", value, series);
        if is(case.at_most_once) {
            prop_assert!(told + untold <= 1, "{} of {:?}: twice", value, series);
        }
        delivered += u64::from(told);
        lost += u64::from(told == 0);
    }
    prop_assert_eq!(stats.entered.data, values.len() as u64);
    prop_assert_eq!(stats.delivered.data, delivered, "{}", stats);
    let refused = stats.refused.data;
    prop_assert_eq!(
        lost + bad - refused,
        stats.dropped.data + stats.ambiguous.data,
        "{}",
        stats
    );
    if case.queue_bytes > 1_000_000 {
        prop_assert_eq!(stats.dropped.data, 0, "{}", stats);
        if case.at_most_once == 0 {
            prop_assert_eq!((lost, refused), (0, bad), "{}", stats);
        }
    }
    Ok(())
}

pub(crate) fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::Transient),
        1 => Just(Fault::Throttled),
        1 => Just(Fault::Denied),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Unanswered),
        1 => Just(Fault::Hang),
    ]
}

pub(crate) fn window() -> impl Strategy<Value = Window> {
    let seconds = prop_oneof![Just(0_u64), Just(1), Just(20), Just(60)];
    let recorded = 0..1_u32 << SERIES;
    (recorded, any::<bool>(), seconds).prop_map(|(recorded, flushes, seconds)| Window {
        recorded,
        flushes,
        seconds,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let bits = || prop_oneof![Just(0), any::<u32>(), (0..SERIES).prop_map(|one| 1 << one)];
    let sizes = (
        prop_oneof![Just(1_000), 1..6_usize],
        prop_oneof![Just(1_000), 1..6_usize],
        Just(100_000_000),
    );
    let few = prop_oneof![Just(0), Just(1), Just(100)];
    (
        any::<u64>(),
        (bits(), bits()),
        bits(),
        few,
        sizes,
        prop::collection::vec(fault(), 0..30),
        prop::collection::vec(window(), 1..12),
    )
        .prop_map(
            |(seed, (bad, once), at_most_once, names, sizes, faults, windows)| Case {
                seed,
                bad,
                once,
                at_most_once,
                names,
                cap: sizes.0,
                max_data: sizes.1,
                queue_bytes: sizes.2,
                faults,
                windows,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: short_or_long(200, 10_000),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_datum_has_its_outcome_and_none_that_is_healthy_is_refused(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(case))?;
    }
}
