//! Bad series among good ones, and a destination that refuses everything: what it costs, and that nothing else is refused.

use crate::fixtures::long::short_or_long;
use crate::fixtures::refusing::{Everything, Refusing};
use crate::fixtures::started::{Started, minute};
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, Refusal, Refused};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
const SERIES: usize = 1_000;

pub(crate) struct Run {
    pub(crate) sink: Refusing,
    pub(crate) test: Started,
    series: usize,
    /// When each window ended.
    ended: BTreeMap<SystemTime, Instant>,
}

impl Run {
    pub(crate) fn new(series: usize) -> Self {
        let sink = Refusing::default();
        let builder = CloudWatchBuilder::new("Test")
            .with_jitter_seed(7)
            .with_sink("test", sink.clone());
        Self {
            test: Started::new(builder),
            sink,
            series,
            ended: BTreeMap::new(),
        }
    }

    pub(crate) async fn windows(&mut self, windows: usize) {
        for _ in 0..windows {
            let window = minute() + MINUTE * u32::try_from(self.ended.len()).unwrap();
            self.test.record(|| {
                for number in 0..self.series {
                    counter!("n", "number" => number.to_string()).increment(1);
                }
            });
            self.test.clock.advance(MINUTE);
            self.test.settle().await;
            self.ended.insert(window, Instant::now());
            tokio::time::sleep(MINUTE).await;
        }
    }

    /// How late the latest datum of each window arrived, and that all but those of bad series did, once.
    pub(crate) fn lateness(&self) -> Vec<Duration> {
        let state = self.sink.state();
        let of_window = |(window, ended): (&SystemTime, &Instant)| {
            let mut latest = Duration::ZERO;
            for number in 0..self.series {
                let series = format!("n number={number}");
                let is_bad = state.bad.contains(&series);
                let arrived = state.arrived.get(&(series.clone(), *window));
                let arrived = arrived.map_or(&[][..], |all| &all[..]);
                assert_eq!(arrived.len(), usize::from(!is_bad), "{series}");
                let late = arrived.iter().map(|at| *at - *ended);
                latest = late.fold(latest, Duration::max);
            }
            latest
        };
        self.ended.iter().map(of_window).collect()
    }

    /// Samples that were refused, by series, all of them bad.
    pub(crate) fn refused(&self) -> BTreeMap<String, u64> {
        let mut refused = BTreeMap::new();
        for one in self.test.cloudwatch.refusals() {
            let number = one.key.labels().next().unwrap().value().to_owned();
            let series = format!("n number={number}");
            assert!(self.sink.state().bad.contains(&series), "{one}");
            *refused.entry(series).or_default() += one.samples;
        }
        refused
    }
}

pub(crate) fn bad(number: usize, of: usize) -> impl Iterator<Item = String> {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let all = random.choose_multiple(0..of, number);
    all.into_iter().map(|number| format!("n number={number}"))
}

/// Bad series that are there from the start. Gives the lateness of each window.
async fn with_bad(number: usize, names: usize, windows: usize) -> Vec<Duration> {
    let mut run = Run::new(SERIES);
    {
        let mut state = run.sink.state();
        state.bad = bad(number, SERIES).collect();
        state.names = names;
    }
    run.windows(windows).await;
    let what = format!("{number} bad, {names} named");
    let lateness = run.lateness();
    let stats = run.test.cloudwatch.stats();
    assert!(
        stats.dropped.is_zero() && stats.ambiguous.is_zero(),
        "{what}: {stats}"
    );
    // All that was recorded to them, but for what is being tried again.
    let refused: u64 = run.refused().values().sum();
    assert_eq!(
        refused + stats.pending.samples,
        (number * windows) as u64,
        "{what}"
    );
    assert!(stats.pending.samples <= number as u64, "{what}: {stats}");
    // Beside each window's: to find them, and to try each again once alone, and after 0, 1, 2, 4, 8, 16 and 32 minutes.
    let requests = run.sink.state().requests.len();
    let search = [(1, 20), (10, 130), (50, 430), (100, 900)];
    let search = search.iter().find(|(bad, _)| *bad == number);
    let most = 2 * windows + search.map_or(0, |(_, most)| *most) + 9 * number;
    assert!(requests <= most, "{what}: {requests} > {most}");
    // And those of the windows themselves.
    assert!(
        run.sink.most_in_a_minute() <= 64 + 8,
        "{what}: {}",
        run.sink.most_in_a_minute()
    );
    lateness
}

#[tokio::test(start_paused = true)]
async fn the_healthy_arrive_and_are_soon_on_time_though_some_series_are_bad() {
    for names in [0, 1, 20] {
        for (number, latest, quiet_after) in [(1, 1, 1), (10, 5, 4), (50, 20, 20)] {
            let lateness = with_bad(number, names, 30).await;
            let what = format!("{number} bad, {names} named: {lateness:?}");
            assert!(
                lateness.iter().all(|late| *late <= MINUTE * latest),
                "{what}"
            );
            let quiet = &lateness[quiet_after..];
            assert!(quiet.iter().all(|late| *late < MINUTE), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_bad_series_are_found() {
    for names in short_or_long(&[0, 20][..], &[0, 1, 20]) {
        let lateness = with_bad(100, *names, 60).await;
        let what = format!("{names} named: {lateness:?}");
        assert!(lateness.iter().all(|late| *late <= MINUTE * 40), "{what}");
        assert!(lateness[45..].iter().all(|late| *late < MINUTE), "{what}");
    }
}

/// What it gets within an hour, and that it is not taken for the data's fault.
#[tokio::test(start_paused = true)]
async fn an_hour_of_refusing_everything_costs_few_requests_and_no_data() {
    for everything in [
        Everything::TooLarge,
        Everything::Unnamed,
        Everything::MemberOne,
    ] {
        let mut run = Run::new(3_000);
        run.sink.state().refuses_all = Some(everything);
        run.windows(60).await;
        let requests = run.sink.state().requests.len();
        assert!(
            (60..=1_000).contains(&requests),
            "{everything:?}: {requests}"
        );
        assert!(run.sink.most_in_a_minute() <= 64, "{everything:?}");
        let stats = run.test.cloudwatch.stats();
        assert_eq!(
            stats.pending.data + stats.refused.data,
            180_000,
            "{everything:?}: {stats}"
        );
        // Only what is named is judged.
        let named = match everything {
            Everything::MemberOne => requests as u64,
            _ => 0,
        };
        assert!(stats.refused.data <= named * 60, "{everything:?}: {stats}");
        assert_eq!(stats.refused.data > 0, named > 0, "{everything:?}: {stats}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waited_while_everything_was_refused_arrives_within_ten_minutes() {
    for everything in [Everything::TooLarge, Everything::Unnamed] {
        let mut run = Run::new(3_000);
        run.windows(2).await;
        run.sink.state().refuses_all = Some(everything);
        run.windows(10).await;
        run.sink.state().refuses_all = None;
        run.windows(11).await;
        let lateness = run.lateness();
        let (during, after) = lateness.split_at(12);
        let what = format!("{everything:?}: {lateness:?}");
        assert!(during.iter().all(|late| *late <= MINUTE * 20), "{what}");
        assert!(after[10..].iter().all(|late| *late < MINUTE), "{what}");
        assert_eq!(run.refused(), BTreeMap::new(), "{what}");
    }
}

/// A short fault, in which lone data are refused, judges none of them.
#[tokio::test(start_paused = true)]
async fn a_fault_of_seconds_judges_nothing() {
    for seconds in [1, 5, 20, 50] {
        let mut run = Run::new(10);
        run.windows(2).await;
        run.sink.state().refuses_all = Some(Everything::Unnamed);
        run.test
            .record(|| counter!("n", "number" => "0").increment(0));
        let sink = run.sink.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            sink.state().refuses_all = None;
        });
        run.windows(3).await;
        run.lateness();
        assert_eq!(run.refused(), BTreeMap::new(), "{seconds} s");
    }
}

/// Nothing else is there that could be accepted.
#[tokio::test(start_paused = true)]
async fn a_bad_datum_by_itself_is_soon_refused_if_its_series_was_just_found() {
    let run = Run::new(0);
    run.sink.state().bad.insert("n number=0".into());
    for (series, delivered) in [(10, 9), (1, 0)] {
        run.test.record(|| {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        });
        let report = run.test.cloudwatch.flush().await.unwrap();
        assert_eq!(report.refused.samples, 1, "{report:?}");
        assert_eq!(report.delivered.samples, delivered, "{report:?}");
        assert!(report.pending.is_zero(), "{report:?}");
    }
}

/// Once a series is accepted again, so may others be.
#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_tried_again() {
    for names in [0, 20] {
        let mut run = Run::new(SERIES);
        {
            let mut state = run.sink.state();
            state.bad = bad(10, SERIES).collect();
            state.names = names;
        }
        run.windows(10).await;
        let requests = run.sink.state().requests.len();
        run.windows(60).await;
        // One for each window, and each of ten series after 1, 2, 4, 8, 16 and 32 minutes more.
        let more = run.sink.state().requests.len() - requests;
        assert!((60..=60 + 10 * 7).contains(&more), "{more}");
        run.sink.state().bad.clear();
        run.windows(64).await;
        let state = run.sink.state();
        let last = *run.ended.keys().last().unwrap();
        let arrived = state.arrived.keys().filter(|(_, window)| *window == last);
        assert_eq!(arrived.count(), SERIES, "{names} named");
    }
}

/// What waits for the search for two weeks is refused for its age, and its series go on.
#[tokio::test(start_paused = true)]
async fn what_grew_too_old_in_doubt_accuses_no_series() {
    let fortnight = MINUTE * 60 * 24 * 15;
    let mut run = Run::new(10);
    run.sink.state().refuses_all = Some(Everything::Unnamed);
    run.windows(2).await;
    tokio::time::advance(fortnight).await;
    run.test.clock.advance(fortnight);
    run.test.settle().await;
    tokio::time::sleep(MINUTE).await;
    let refusals = run.test.cloudwatch.refusals();
    let of_age = |one: &Refused| matches!(one.reason, Refusal::Timestamp(_));
    assert!(
        refusals.len() == 10 && refusals.iter().all(of_age),
        "{refusals:?}"
    );
    run.sink.state().refuses_all = None;
    run.test
        .record(|| counter!("n", "number" => "3").increment(1));
    run.test.flush().await;
    assert_eq!(run.sink.state().arrived.len(), 1);
}
