//! Windows of different lengths: one destination's end, or its flush, cuts nothing in another.

use crate::fixtures::keeping::{Keeping, named};
use crate::fixtures::long::short_or_long;
use crate::fixtures::started::{Started, minute};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, Datum, DatumValue, Destination, Matcher, MetricSettings, Profile,
    StorageResolution,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECOND: Duration = Duration::from_secs(1);

fn every(name: &'static str, seconds: u64, sink: &Keeping) -> Destination {
    Destination::new(name, sink.clone()).with_period(Duration::from_secs(seconds))
}

fn start(destinations: impl IntoIterator<Item = Destination>) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_flush_timeout(Duration::from_hours(1));
    let all = destinations.into_iter();
    Started::new(all.fold(builder, CloudWatchBuilder::with_destination))
}

/// Sum and stamp of each datum, in seconds from the start.
fn told(sink: &Keeping) -> Vec<(f64, u64)> {
    let data = sink.take();
    let told = data.iter().map(|datum| {
        let stamp = datum.timestamp().duration_since(minute()).unwrap();
        (datum.value().statistics().sum, stamp.as_secs())
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_metric_goes_to_one_each_second_and_to_another_each_minute() {
    let (live, slow) = (Keeping::default(), Keeping::default());
    let test = start([every("live", 1, &live), every("slow", 60, &slow)]);
    for second in 0..60 {
        test.record(|| counter!("n").increment(second + 1));
        test.advance(SECOND).await;
        assert_eq!(told(&live), [((second + 1) as f64, second)]);
        assert_eq!(told(&slow).len(), usize::from(second == 59), "{second}");
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.destinations["slow"].delivered.samples, 60 * 61 / 2);
}

/// Each of the three kinds is one datum, with the extremes of all.
#[tokio::test(start_paused = true)]
async fn flushing_one_cuts_nothing_in_the_other() {
    let (flushed, whole) = (Keeping::default(), Keeping::with(Profile::default()));
    let test = start([every("flushed", 60, &flushed), every("whole", 60, &whole)]);
    for number in 1..=5 {
        test.record(|| {
            counter!("n").increment(number);
            gauge!("level").set(if number == 3 { 30.0 } else { number as f64 });
            histogram!("t").record(number as f64);
        });
        test.advance(10 * SECOND).await;
        let report = test.cloudwatch.flush_destination("flushed").await.unwrap();
        assert_eq!(report.delivered.data, 3);
    }
    test.advance(10 * SECOND).await;
    assert_eq!(flushed.take().len(), 15);
    let data = whole.take();
    let statistics = data.iter().map(|datum| {
        let of = datum.value().statistics();
        let all = (of.sample_count, of.sum, of.minimum, of.maximum);
        (datum.name().to_owned(), datum.timestamp(), all)
    });
    let expected = [
        ("n", (1.0, 15.0, 15.0, 15.0)),
        ("level", (1.0, 5.0, 1.0, 30.0)),
        ("t", (5.0, 15.0, 1.0, 5.0)),
    ];
    let expected = expected.map(|(name, all)| (name.to_owned(), minute(), all));
    assert_eq!(statistics.collect::<Vec<_>>(), expected);
    let DatumValue::Values(values) = data[2].value() else {
        panic!("{data:?}");
    };
    assert!(
        values
            .iter()
            .eq((1..=5).map(|value| (f64::from(value), 1.0)))
    );
    let stats = test.cloudwatch.stats();
    let entered = |name| stats.destinations[name].entered.samples;
    assert_eq!(
        (entered("flushed"), entered("whole")),
        (25, 21),
        "a gauge's window is one sample"
    );
}

#[tokio::test(start_paused = true)]
async fn resolution_follows_from_the_period_unless_it_is_set() {
    let sinks: Vec<Keeping> = (0..4).map(|_| Keeping::default()).collect();
    let destinations = [
        every("a", 10, &sinks[0]),
        every("b", 300, &sinks[1]),
        every("c", 300, &sinks[2]).with_storage_resolution(StorageResolution::High),
        Destination::new("d", sinks[3].clone()).with_storage_resolution(StorageResolution::High),
    ];
    let test = start(destinations);
    test.record(|| counter!("n").increment(1));
    for _ in 0..300 {
        test.advance(SECOND).await;
    }
    let told = sinks.iter().map(|sink| {
        let data = sink.take();
        let stamp = data[0].timestamp().duration_since(UNIX_EPOCH).unwrap();
        (
            data.len(),
            stamp.as_secs() % 300,
            data[0].storage_resolution(),
        )
    });
    let offset = minute().duration_since(UNIX_EPOCH).unwrap().as_secs() % 300;
    let (high, standard) = (StorageResolution::High, StorageResolution::Standard);
    let expected = [
        (1, offset, high),
        (1, 0, standard),
        (1, 0, high),
        (1, offset, high),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

/// Its time begins in the window of the recording, however late a snapshot comes.
#[tokio::test(start_paused = true)]
async fn what_is_idle_for_less_than_the_window_is_not_lost() {
    let (live, slow) = (Keeping::default(), Keeping::default());
    let settings = MetricSettings::new().with_idle_timeout(Some(2 * SECOND));
    let builder = CloudWatchBuilder::new("Test")
        .with_metric_settings(Matcher::any(), settings)
        .with_destination(every("live", 1, &live))
        .with_destination(every("slow", 60, &slow));
    let test = Started::new(builder);
    for round in 0..4 {
        test.record(|| {
            counter!("n").increment(1);
            histogram!("t").record(f64::from(round));
        });
        for _ in 0..15 {
            test.advance(SECOND).await;
        }
    }
    let mut sums: BTreeMap<(String, SystemTime), f64> = BTreeMap::new();
    for datum in slow.take() {
        let sum = sums.entry((named(&datum), datum.timestamp())).or_default();
        *sum += datum.value().statistics().sum;
    }
    let expected = [("n", 4.0), ("t", 6.0)];
    let expected = expected.map(|(name, sum)| ((name.to_owned(), minute()), sum));
    assert_eq!(sums, BTreeMap::from(expected));
}

#[derive(Clone, Debug)]
enum Act {
    /// Which series, and how much.
    Record(u8, u64),
    Pass(u8),
    /// One of the destinations, or all.
    Flush(Option<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3_u8, 1..100_u64).prop_map(|(series, growth)| Act::Record(series, growth)),
        3 => (1..25_u8).prop_map(Act::Pass),
        1 => prop::option::of(0..3_u8).prop_map(Act::Flush),
    ]
}

const PERIODS: [u64; 3] = [1, 10, 60];
const NAMES: [&str; 3] = ["first", "second", "third"];

/// By series and window: count and sum, and how many data.
type Windows = BTreeMap<(String, SystemTime), (u64, usize)>;

fn windows(data: &[Datum]) -> Windows {
    let mut windows = Windows::new();
    for datum in data {
        let window = windows
            .entry((named(datum), datum.timestamp()))
            .or_default();
        let sum = datum.value().statistics().sum;
        // Whole numbers, far below where floats are not.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let sum = sum as u64;
        *window = (window.0 + sum, window.1 + 1);
    }
    windows
}

fn start_of(time: SystemTime, period: u64) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    UNIX_EPOCH + Duration::from_secs(since - since % period)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(short_or_long(24, 400)))]

    /// Of each series, each window of each destination has what was recorded in it, in one datum but for flushes.
    #[test]
    fn each_window_of_each_destination_has_what_was_recorded_in_it(
        acts in prop::collection::vec(act(), 1..60),
        hides in any::<[bool; 3]>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(agrees(&acts, hides));
    }
}

/// Hidden labels make one identity of several series in a destination.
async fn agrees(acts: &[Act], hides: [bool; 3]) {
    let sinks = [Keeping::default(), Keeping::default(), Keeping::default()];
    let destinations = (0..3).map(|number| {
        let one = every(NAMES[number], PERIODS[number], &sinks[number]);
        if hides[number] {
            one.without_labels(["series"])
        } else {
            one
        }
    });
    let test = start(destinations);
    let mut expected: [Windows; 3] = Default::default();
    let mut flushes: [BTreeMap<SystemTime, usize>; 3] = Default::default();
    for act in acts {
        let now = test.clock.now();
        match *act {
            Act::Record(series, growth) => {
                test.record(|| counter!("n", "series" => series.to_string()).increment(growth));
                for (number, windows) in expected.iter_mut().enumerate() {
                    let name = if hides[number] {
                        "n".to_owned()
                    } else {
                        format!("n series={series}")
                    };
                    let window = start_of(now, PERIODS[number]);
                    windows.entry((name, window)).or_default().0 += growth;
                }
            }
            Act::Pass(seconds) => {
                for _ in 0..seconds {
                    test.advance(SECOND).await;
                }
            }
            Act::Flush(one) => {
                let flush = match one {
                    Some(one) => test.cloudwatch.flush_destination(NAMES[usize::from(one)]),
                    None => test.cloudwatch.flush(),
                };
                assert!(flush.await.unwrap().is_complete());
                for (number, flushes) in flushes.iter_mut().enumerate() {
                    if one.is_none_or(|one| usize::from(one) == number) {
                        *flushes.entry(start_of(now, PERIODS[number])).or_default() += 1;
                    }
                }
            }
        }
    }
    for _ in 0..60 {
        test.advance(SECOND).await;
    }
    for number in 0..3 {
        let mut told = windows(&sinks[number].take());
        for ((name, window), (_, data)) in &mut told {
            let cuts = flushes[number].get(window).copied().unwrap_or_default();
            assert!(
                (1..=1 + cuts).contains(data),
                "{name} {window:?}: {data} data"
            );
            *data = 0;
        }
        assert_eq!(told, expected[number], "{}", NAMES[number]);
    }
    let stats = test.cloudwatch.stats();
    let samples = stats
        .destinations
        .values()
        .map(|part| part.delivered.samples);
    let samples: Vec<u64> = samples.collect();
    assert!(samples.iter().all(|one| *one == samples[0]), "{samples:?}");
}

/// A snapshot of the second has nothing to do with what goes out by the minute; what nobody takes is not recorded.
#[tokio::test(start_paused = true)]
async fn a_metric_is_due_as_often_as_somebody_takes_it() {
    let (live, slow) = (Keeping::default(), Keeping::default());
    let live_one = every("live", 1, &live).with_metrics(["fast"]);
    let slow_one = every("slow", 60, &slow).with_metrics(["fast", "slow"]);
    let test = start([live_one, slow_one]);
    for second in 0..60 {
        let metrics = test.record(|| {
            counter!("fast").increment(1);
            counter!("slow").increment(1);
            counter!("nobody").increment(1);
            gauge!("nobody.level")
        });
        metrics.set(1.0);
        test.advance(SECOND).await;
        assert_eq!(told(&live), [(1.0, second)]);
        let flush = test.cloudwatch.flush_destination("live");
        assert!(flush.await.unwrap().is_complete());
    }
    assert_eq!(told(&slow), [(60.0, 0), (60.0, 0)]);
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.entered.samples, 60 + 120, "{stats}");
}
