//! Three destinations, each with faults of its own: for each of them, each identity and each window, what arrived and
//! what was refused is what was recorded.

use crate::fixtures::keeping::named;
use crate::fixtures::long::short_or_long;
use crate::fixtures::started::{Started, minute};
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Profile, SendError, Sent, Sink, Stats,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::iter::{repeat, repeat_n};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const MINUTE: Duration = Duration::from_mins(1);
const SERIES: u8 = 9;

/// How a destination behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// It fails, and is too busy.
    Failing,
    /// It refuses what is bad, and does not always say what that is.
    Refusing,
    /// It does not answer.
    Silent,
}

const KINDS: [(Kind, &str); 3] = [
    (Kind::Failing, "failing"),
    (Kind::Refusing, "refusing"),
    (Kind::Silent, "silent"),
];

/// Identity and window → sum.
type Sums = BTreeMap<(String, SystemTime), f64>;

#[derive(Clone)]
struct Faulty {
    kind: Kind,
    state: Arc<Mutex<State>>,
}

struct State {
    random: fastrand::Rng,
    is_well: bool,
    arrived: Sums,
}

impl Faulty {
    fn new(kind: Kind, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let (is_well, arrived) = (false, Sums::new());
        let state = State {
            random,
            is_well,
            arrived,
        };
        let state = Arc::new(Mutex::new(state));
        Self { kind, state }
    }

    fn recover(&self) {
        self.state.lock().unwrap().is_well = true;
    }

    /// None, if it does not answer.
    fn answer(&self, batch: &Batch) -> Option<Result<Sent, SendError>> {
        let mut state = self.state.lock().unwrap();
        let fault = if state.is_well {
            9
        } else {
            state.random.u8(0..10)
        };
        let answer = match (self.kind, fault) {
            (Kind::Failing, 0..3) => Err(SendError::Transient("no route".into())),
            (Kind::Failing, 3..5) => Err(SendError::Throttled {
                source: "too fast".into(),
                retry_after: None,
            }),
            (Kind::Failing, 5..7) if batch.data().len() > 1 => {
                Err(SendError::TooLarge("too large".into()))
            }
            (Kind::Silent, 0..2) => return None,
            (Kind::Silent, 2..4) => Err(SendError::Ambiguous("no answer".into())),
            (Kind::Refusing, _) if batch.data().iter().any(is_bad) => {
                let data = batch.data().iter().enumerate();
                let members = data.filter(|(_, datum)| is_bad(datum));
                let members = members.map(|(place, _)| place);
                Err(SendError::Invalid {
                    code: "Bad".into(),
                    message: String::new(),
                    members: members.filter(|_| fault % 2 == 0).collect(),
                })
            }
            _ => {
                for datum in batch.data() {
                    let at = (named(datum), datum.timestamp());
                    *state.arrived.entry(at).or_default() += datum.value().statistics().sum;
                }
                Ok(Sent::default())
            }
        };
        Some(answer)
    }
}

/// A third of the series.
fn is_bad(datum: &Datum) -> bool {
    let mut dimensions = datum.dimensions();
    dimensions.any(|(_, value)| value.parse::<u8>().is_ok_and(|series| series % 3 == 0))
}

impl Sink for Faulty {
    fn profile(&self) -> Profile {
        Profile::default().with_max_data(5)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        match self.answer(batch) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(short_or_long(12, 300)))]

    #[test]
    fn each_account_is_of_its_destination_alone(
        seed in any::<u64>(),
        windows in prop::collection::vec(prop::collection::vec((0..SERIES, 1..50_u64), 0..12), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(balances(seed, &windows));
    }
}

async fn balances(seed: u64, windows: &[Vec<(u8, u64)>]) {
    let sinks = KINDS.map(|(kind, _)| Faulty::new(kind, seed));
    let builder = CloudWatchBuilder::new("Test")
        .with_jitter_seed(seed)
        .with_flush_timeout(Duration::from_hours(24));
    let named = KINDS.iter().zip(&sinks);
    let builder = named.fold(builder, |builder, ((_, name), sink)| {
        builder.with_sink(*name, sink.clone())
    });
    let test = Started::new(builder);
    let mut recorded = Sums::new();
    let mut samples: BTreeMap<String, u64> = BTreeMap::new();
    // Whoever is refused without a name is so beside others that are accepted.
    let healthy = [vec![(1, 1)]];
    let windows = windows.iter().zip(repeat(false));
    let windows = windows.chain(repeat_n(&healthy[0], 60).zip(repeat(true)));
    for (number, (window, is_well)) in (0..).zip(windows) {
        if is_well {
            sinks.iter().for_each(Faulty::recover);
        }
        let stamp = minute() + number * MINUTE;
        for &(series, growth) in window {
            let label = series.to_string();
            test.record(|| {
                counter!("n", "series" => label.clone()).increment(growth);
                histogram!("t", "series" => label).record(growth as f64);
            });
            for (name, count) in [("n", growth), ("t", 1)] {
                let name = format!("{name} series={series}");
                *samples.entry(name.clone()).or_default() += count;
                *recorded.entry((name, stamp)).or_default() += growth as f64;
            }
        }
        test.advance(MINUTE).await;
        balanced(&test.cloudwatch.stats());
        tokio::time::sleep(MINUTE).await;
        test.settle().await;
        if is_well && test.cloudwatch.stats().pending.is_zero() {
            break;
        }
    }
    let report = test.cloudwatch.flush().await.unwrap();
    assert!(report.pending.is_zero(), "{report}");
    let stats = test.cloudwatch.stats();
    balanced(&stats);
    let all: u64 = samples.values().sum();
    for ((kind, name), sink) in KINDS.iter().zip(&sinks) {
        let is_refused = |identity: &str| {
            let (_, series) = identity.rsplit_once('=').unwrap();
            *kind == Kind::Refusing && series.parse::<u8>().unwrap() % 3 == 0
        };
        let mut expected = recorded.clone();
        expected.retain(|(identity, _), _| !is_refused(identity));
        assert_eq!(sink.state.lock().unwrap().arrived, expected, "{name}");
        let mut refused: BTreeMap<String, u64> = BTreeMap::new();
        for one in test.cloudwatch.refusals_of(name).unwrap() {
            let label = one.key.labels().next().unwrap();
            let identity = format!("{} {}={}", one.key.name(), label.key(), label.value());
            *refused.entry(identity).or_default() += one.samples;
        }
        let mut expected = samples.clone();
        expected.retain(|identity, _| is_refused(identity));
        assert_eq!(refused, expected, "{name}");
        let part = &stats.destinations[*name];
        assert_eq!(part.entered.samples, all, "{name}: {part}");
        assert_eq!(
            part.refused.samples,
            expected.values().sum::<u64>(),
            "{name}: {part}"
        );
        assert_eq!(
            part.ambiguous.samples + part.dropped.samples,
            0,
            "{name}: {part}"
        );
    }
}

/// The ledger's equation, in data and in samples.
fn balanced(stats: &Stats) {
    for (name, part) in &stats.destinations {
        let all = [
            part.delivered,
            part.handed_over,
            part.refused,
            part.ambiguous,
            part.dropped,
            part.pending,
        ];
        let data: u64 = all.iter().map(|amount| amount.data).sum();
        let samples: u64 = all.iter().map(|amount| amount.samples).sum();
        let entered = (part.entered.data, part.entered.samples);
        assert_eq!(entered, (data, samples), "{name}: {part}");
    }
}
