//! Totals: whatever a destination does, a reader sees what was recorded, once, and in order.

use crate::fixtures::long::short_or_long;
use crate::fixtures::reader::Reader;
use crate::fixtures::started::{Started, minute};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, Datum, DatumValue, Destination, Guarantee, Matcher,
    MetricKind, MetricSettings, Profile, Refusal, SendError, Sent, Sink,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const MINUTE: Duration = Duration::from_mins(1);
const IDLE: Duration = Duration::from_mins(3);

#[derive(Clone, Copy, Debug)]
enum Fault {
    Transient,
    Throttled,
    /// Nothing arrived.
    Lost,
    /// All of it arrived.
    Unanswered,
    /// All of it is refused for good.
    Rejected,
    /// Some datum is bad, and nobody says which: the first, whichever it is.
    Unnamed,
    /// The first is bad.
    Named,
    /// It arrived, but for the first.
    PartNamed,
    /// It arrived, but for the first, and that is not said.
    PartNumber,
    TooLarge,
}

const FAULTS: [Fault; 10] = [
    Fault::Transient,
    Fault::Throttled,
    Fault::Lost,
    Fault::Unanswered,
    Fault::Rejected,
    Fault::Unnamed,
    Fault::Named,
    Fault::PartNamed,
    Fault::TooLarge,
    // Last, as whether the second of two arrived that are refused to the end after it, nobody can tell.
    Fault::PartNumber,
];

impl Fault {
    fn is_refusal(self) -> bool {
        !matches!(
            self,
            Self::Transient | Self::Throttled | Self::Lost | Self::Unanswered
        )
    }
}

/// Takes totals, fails as it was told, and reads what arrives.
#[derive(Clone, Default)]
struct Totalling(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    is_out: bool,
    reader: Reader,
    gauges: Vec<(SystemTime, f64)>,
    attempts: usize,
}

impl Totalling {
    fn with(faults: impl IntoIterator<Item = Fault>) -> Self {
        let sink = Self::default();
        sink.0.lock().unwrap().faults = faults.into_iter().collect();
        sink
    }

    /// Whether it is not to be reached.
    fn is_out(&self, is_out: bool) {
        self.0.lock().unwrap().is_out = is_out;
    }

    fn recover(&self) {
        self.0.lock().unwrap().faults.clear();
    }

    fn reader(&self) -> Reader {
        self.0.lock().unwrap().reader.clone()
    }

    fn increase(&self, name: &str) -> u64 {
        self.reader().increase(name)
    }
}

impl State {
    fn arrives(&mut self, data: &[Datum]) {
        self.reader.read(data);
        for datum in data {
            if let DatumValue::StatisticSet(set) = datum.value() {
                self.gauges.push((datum.timestamp(), set.sum));
            }
        }
    }
}

fn bad() -> Refusal {
    Refusal::Rejected {
        code: "Bad".into(),
        message: String::new(),
    }
}

fn invalid(members: Vec<usize>) -> SendError {
    SendError::Invalid {
        code: "Bad".into(),
        message: String::new(),
        members,
    }
}

impl Sink for Totalling {
    fn profile(&self) -> Profile {
        // Few, so that a window is several batches.
        Profile::default()
            .with_totals()
            .with_buckets()
            .with_max_data(3)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        let mut state = self.0.lock().unwrap();
        state.attempts += 1;
        if state.is_out {
            return Err(SendError::Transient("out".into()));
        }
        let fault = state.faults.pop_front();
        // What it has taken it does not refuse.
        let fault = fault.filter(|fault| !fault.is_refusal() || !state.reader.has(batch.data()));
        let Some(fault) = fault else {
            state.arrives(batch.data());
            return Ok(Sent::default());
        };
        match fault {
            Fault::Transient => Err(SendError::Transient("no route".into())),
            Fault::Throttled => Err(SendError::Throttled {
                source: "too fast".into(),
                retry_after: None,
            }),
            Fault::Lost => Err(SendError::Ambiguous("no answer".into())),
            Fault::Unanswered => {
                state.arrives(batch.data());
                Err(SendError::Ambiguous("no answer".into()))
            }
            Fault::Rejected => Err(SendError::Rejected {
                code: "Bad".into(),
                message: String::new(),
            }),
            Fault::Unnamed => Err(invalid(Vec::new())),
            Fault::Named => Err(invalid(vec![0])),
            Fault::PartNamed => {
                state.arrives(&batch.data()[1..]);
                Ok(Sent::default().with_refused(0, bad()))
            }
            Fault::PartNumber => {
                state.arrives(&batch.data()[1..]);
                Ok(Sent::default().with_refused_number(1, bad()))
            }
            Fault::TooLarge => Err(SendError::TooLarge("too large".into())),
        }
    }
}

fn builder(sink: &Totalling) -> CloudWatchBuilder {
    let settings = MetricSettings::new().with_idle_timeout(Some(IDLE));
    CloudWatchBuilder::new("Test")
        .with_sink("totals", sink.clone())
        .with_flush_timeout(Duration::from_hours(24))
        .with_metric_settings(Matcher::any(), settings)
}

fn start(sink: &Totalling) -> Started {
    Started::new(builder(sink))
}

fn after(minutes: u32) -> SystemTime {
    minute() + minutes * MINUTE
}

#[tokio::test(start_paused = true)]
async fn a_total_begins_with_zero_and_is_told_in_every_window() {
    let sink = Totalling::default();
    let test = start(&sink);
    test.record(|| {
        counter!("n").increment(3);
        histogram!("t").record(1.0);
        gauge!("level").set(7.0);
    });
    test.advance(MINUTE).await;
    test.record(|| {
        counter!("n").increment(4);
        histogram!("t").record(2.0);
    });
    test.advance(MINUTE / 2).await;
    test.flush().await;
    test.advance(MINUTE / 2).await;
    test.advance(MINUTE).await;
    let reader = sink.reader();
    for (name, totals) in [("n", [0, 3, 7, 7]), ("t", [0, 1, 2, 2])] {
        let points = reader.points(name);
        assert!(
            points.iter().map(|point| point.total).eq(totals),
            "{points:?}"
        );
        assert!(points.iter().all(|point| point.start == points[0].start));
        let times = points[1..].iter().map(|point| point.time);
        // The end of the window, or the time of the flush.
        let half = after(1) + MINUTE / 2;
        assert!(times.eq([after(1), half, after(3)]), "{points:?}");
    }
    // A gauge is what it was, at the same times.
    let gauges = sink.0.lock().unwrap().gauges.clone();
    let half = after(1) + MINUTE / 2;
    assert_eq!(gauges, [(after(1), 7.0), (half, 7.0), (after(3), 7.0)]);
    let stats = test.cloudwatch.stats();
    // Two counters' seven increments and two samples, and the gauge's one and two windows.
    assert_eq!(stats.delivered.samples, 7 + 2 + 1 + 2, "{stats}");
    assert!(stats.pending.is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_total_that_was_evicted_begins_anew() {
    let sink = Totalling::default();
    let test = start(&sink);
    let mut recorded = 0;
    for round in 0..3 {
        test.record(|| counter!("n").increment(round + 5));
        recorded += round + 5;
        for _ in 0..6 {
            test.advance(MINUTE).await;
        }
        assert_eq!(sink.increase("n"), recorded);
    }
    let reader = sink.reader();
    let zeros = reader.points("n").iter().filter(|point| point.total == 0);
    assert_eq!(zeros.count(), 3);
}

/// One of two series is evicted: nothing falls where the label is not seen. Both destinations agree on the sum.
#[tokio::test(start_paused = true)]
async fn destinations_with_different_labels_agree_on_every_total() {
    let (all, few) = (Totalling::default(), Totalling::default());
    let own = Destination::new("few", few.clone()).without_labels(["host"]);
    let test = Started::new(builder(&all).with_destination(own));
    let mut recorded = 0;
    for window in 0..12 {
        test.record(|| {
            counter!("n", "host" => "a").increment(1);
            recorded += 1;
            // Idle from the third to the ninth window.
            if !(2..9).contains(&window) {
                counter!("n", "host" => "b").increment(10);
                recorded += 10;
            }
        });
        test.advance(MINUTE).await;
        let seen = all.increase("n host=a") + all.increase("n host=b");
        assert_eq!((few.increase("n"), seen), (recorded, recorded), "{window}");
    }
    let few = few.reader();
    assert!(
        few.points("n")
            .iter()
            .all(|point| point.start == few.points("n")[0].start)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_30_minutes_arrives_as_30_points() {
    let sink = Totalling::default();
    let test = start(&sink);
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    sink.is_out(true);
    for window in 1..=30 {
        test.record(|| counter!("n").increment(window));
        test.advance(MINUTE).await;
    }
    assert_eq!(sink.increase("n"), 1);
    sink.is_out(false);
    test.flush().await;
    let reader = sink.reader();
    let mut expected: BTreeMap<_, _> = (1..=30).map(|n| (after(n + 1), u64::from(n))).collect();
    expected.insert(after(1), 1);
    assert_eq!(reader.increases("n"), expected);
}

/// Each fault alone, in each place of the first requests.
#[tokio::test(start_paused = true)]
async fn no_fault_loses_or_doubles_anything() {
    for fault in FAULTS {
        for place in 0..8 {
            let sink = Totalling::with([]);
            let test = start(&sink);
            for window in 0..6_u32 {
                test.record(|| {
                    for name in ["a", "b", "c", "d", "e"] {
                        counter!(name).increment(10 + u64::from(window));
                    }
                });
                if window == place / 2 {
                    let which = usize::try_from(place % 2).unwrap();
                    let mut faults = vec![fault];
                    faults.splice(0..0, (0..which).map(|_| Fault::Transient));
                    sink.0.lock().unwrap().faults = faults.into();
                }
                test.advance(MINUTE).await;
            }
            sink.recover();
            let _ = test.cloudwatch.flush().await.unwrap();
            test.advance(MINUTE).await;
            test.flush().await;
            for name in ["a", "b", "c", "d", "e"] {
                assert_eq!(sink.increase(name), 75, "{name}, {fault:?} at {place}");
            }
            let stats = test.cloudwatch.stats();
            assert_eq!(
                stats.delivered.samples,
                5 * 75,
                "{fault:?} at {place}: {stats}"
            );
            assert_eq!(
                (stats.refused.samples, stats.repeated.samples),
                (0, 0),
                "{stats}"
            );
            assert_eq!(stats.entered.samples, 5 * 75);
        }
    }
}

/// A queue that is full drops points, and no sample.
#[tokio::test(start_paused = true)]
async fn what_a_full_queue_drops_is_in_the_next_total() {
    let sink = Totalling::default();
    let test = Started::new(builder(&sink).with_queue_bytes(1_000_000));
    sink.is_out(true);
    let series = 400_u64;
    for _ in 0..20 {
        test.record(|| {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(3);
            }
        });
        test.advance(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    assert!(stats.dropped.data > 1_000, "{stats}");
    assert_eq!(stats.dropped.samples, 0, "{stats}");
    sink.is_out(false);
    let _ = test.cloudwatch.flush().await.unwrap();
    test.advance(MINUTE).await;
    test.flush().await;
    for number in 0..series {
        assert_eq!(sink.increase(&format!("n number={number}")), 60);
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.delivered.samples, series * 60, "{stats}");
}

/// At-most-once gives up what may have arrived; a total may arrive twice.
#[tokio::test(start_paused = true)]
async fn a_guarantee_means_nothing_to_totals() {
    let sink = Totalling::with([Fault::Unanswered, Fault::Lost, Fault::Unanswered]);
    let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
    let test = Started::new(builder(&sink).with_metric_settings(Matcher::any(), once));
    test.record(|| counter!("n").increment(5));
    test.flush().await;
    assert_eq!(sink.increase("n"), 5);
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.ambiguous.data, stats.repeated.data),
        (0, 0),
        "{stats}"
    );
}

/// What is refused for good has no next total once its series is gone.
#[tokio::test(start_paused = true)]
async fn what_is_refused_to_the_end_is_refused_with_its_samples() {
    let sink = Totalling::with(vec![Fault::Rejected; 1_000]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(5));
    for _ in 0..10 {
        test.advance(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.refused.samples, stats.pending.samples),
        (5, 0),
        "{stats}"
    );
    assert_eq!(stats.entered.samples, 5);
    let refused = test.cloudwatch.refusals();
    let refused = refused
        .iter()
        .map(|one| (one.kind, one.key.name(), one.samples));
    assert!(refused.eq([(Some(MetricKind::Counter), "n", 5)]));
}

/// Times only rise, whatever the clock does.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_turns_no_order_round() {
    let sink = Totalling::default();
    let test = start(&sink);
    for by in [0, 3_000, 0, 3_000, 0] {
        test.record(|| counter!("n").increment(2));
        test.clock.set(test.clock.now() - Duration::from_secs(by));
        test.advance(MINUTE).await;
    }
    test.flush().await;
    assert_eq!(sink.increase("n"), 10);
}

#[derive(Clone, Debug)]
enum Act {
    Record(u8, u8),
    Pass(u8),
    Flush,
    Outage(bool),
    Faults(Vec<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..5_u8, 1..9_u8).prop_map(|(series, growth)| Act::Record(series, growth)),
        6 => (1..3_u8).prop_map(Act::Pass),
        1 => (4..9_u8).prop_map(Act::Pass),
        1 => Just(Act::Flush),
        1 => any::<bool>().prop_map(Act::Outage),
        4 => prop::collection::vec(0..9_u8, 1..4).prop_map(Act::Faults),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(short_or_long(48, 2_000)))]

    /// Of each identity: what a reader sees increase, and what was refused to the end, are what was recorded.
    #[test]
    fn a_reader_sees_what_was_recorded(
        acts in prop::collection::vec(act(), 1..80),
        hides in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(agrees(&acts, hides));
    }
}

async fn agrees(acts: &[Act], hides: bool) {
    let sink = Totalling::default();
    let one = Destination::new("totals", sink.clone());
    let one = if hides {
        one.without_labels(["series"])
    } else {
        one
    };
    let settings = MetricSettings::new().with_idle_timeout(Some(IDLE));
    let builder = CloudWatchBuilder::new("Test")
        .with_destination(one)
        .with_jitter_seed(7)
        .with_flush_timeout(Duration::from_hours(24))
        .with_metric_settings(Matcher::any(), settings);
    let test = Started::new(builder);
    let mut recorded: BTreeMap<String, u64> = BTreeMap::new();
    for act in acts {
        match act {
            Act::Record(series, growth) => {
                let label = series.to_string();
                test.record(|| {
                    counter!("n", "series" => label.clone()).increment((*growth).into());
                    histogram!("t", "series" => label).record(f64::from(*growth));
                });
                let end = if hides {
                    String::new()
                } else {
                    format!(" series={series}")
                };
                *recorded.entry(format!("n{end}")).or_default() += u64::from(*growth);
                *recorded.entry(format!("t{end}")).or_default() += 1;
            }
            Act::Pass(minutes) => {
                for _ in 0..*minutes {
                    test.advance(MINUTE).await;
                    // Pauses after failures.
                    tokio::time::sleep(MINUTE).await;
                    test.settle().await;
                }
            }
            Act::Flush => {
                let flush = test.cloudwatch.flush().within(Duration::from_secs(30));
                let _ = flush.await.unwrap();
            }
            Act::Outage(is_out) => sink.is_out(*is_out),
            Act::Faults(faults) => {
                let faults = faults.iter().map(|fault| FAULTS[usize::from(*fault)]);
                sink.0.lock().unwrap().faults.extend(faults);
            }
        }
    }
    sink.recover();
    sink.is_out(false);
    for _ in 0..3 {
        let _ = test.cloudwatch.flush().await.unwrap();
        test.advance(MINUTE).await;
    }
    let _ = test.cloudwatch.flush().await.unwrap();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let reader = sink.reader();
    for name in reader.names() {
        seen.insert(name.to_owned(), reader.increase(name));
    }
    for refused in test.cloudwatch.refusals() {
        let labels = refused.key.labels();
        let labels = labels.map(|label| format!(" {}={}", label.key(), label.value()));
        let name = refused.key.name().to_owned() + &labels.collect::<String>();
        *seen.entry(name).or_default() += refused.samples;
    }
    assert_eq!(seen, recorded, "{:?}", test.cloudwatch.refusals());
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.pending.samples, 0, "{stats}");
    let all: u64 = recorded.values().sum();
    assert_eq!(stats.entered.samples, all, "{stats}");
    assert_eq!(
        stats.delivered.samples + stats.refused.samples,
        all,
        "{stats}"
    );
}
