//! Data of an application's own: checked at once, and delivered like all others.

use crate::fixtures::scripted::{Fault, Scripted, start};
use crate::fixtures::started::{InMemory, Started, local, minute, to};
use cloudwatch_local::{Local, ReceivedValue};
use metrics::counter;
use metrics_exporter_cloudwatch::limits::{TextFault, TimestampFault, ValueFault};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, ExplicitDatum, ManualClock, PutError, Refusal, StatisticSet,
    StorageResolution, Unit,
};
use proptest::prelude::*;
use std::time::Duration;

fn set(sample_count: f64, sum: f64, minimum: f64, maximum: f64) -> StatisticSet {
    StatisticSet {
        sample_count,
        sum,
        minimum,
        maximum,
    }
}

#[tokio::test]
async fn every_form_arrives_as_it_was_put() {
    let local = local(&ManualClock::new(minute())).await;
    let test = Started::new(to(&local).with_dimension("service", "checkout"));
    let put = |datum| test.cloudwatch.put(datum).unwrap();
    let earlier = minute() - Duration::from_millis(90_500);
    put(ExplicitDatum::value("one", 11.25)
        .with_unit(Unit::Milliseconds)
        .with_dimension("route", "/cart")
        .with_timestamp(earlier));
    put(
        ExplicitDatum::values("many", &[2.0, 1.0, 2.0], &[1.0, 0.5, 3.0])
            .with_dimension("service", "")
            .with_storage_resolution(StorageResolution::High),
    );
    put(ExplicitDatum::statistic("sum", set(3.0, 6.0, 1.0, 3.0)));
    test.flush().await;
    let received = local.received();
    let [one, many, sum] = &received[..] else {
        panic!("{received:?}")
    };
    assert_eq!(one.value, ReceivedValue::Single(11.25));
    assert_eq!(one.unit.as_deref(), Some("Milliseconds"));
    assert_eq!(one.timestamp, earlier);
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        one.dimensions,
        [named("route", "/cart"), named("service", "checkout")]
    );
    let values = ReceivedValue::Distribution {
        values: vec![1.0, 2.0],
        counts: vec![0.5, 4.0],
    };
    assert_eq!((&many.value, many.storage_resolution), (&values, 1));
    assert_eq!(
        (many.dimensions.len(), &many.unit, many.timestamp),
        (0, &None, minute())
    );
    assert_eq!(
        (sum.sample_count(), sum.sum(), sum.storage_resolution),
        (3.0, 6.0, 60)
    );
    assert_eq!(test.cloudwatch.stats().delivered.samples, 1 + 5 + 3);
}

/// Nanoseconds go as microseconds, in whatever form.
#[tokio::test]
async fn a_unit_that_cloudwatch_lacks_is_scaled() {
    let test = InMemory::new(|builder| builder);
    let set = StatisticSet {
        sample_count: 2.0,
        sum: 3_000.0,
        minimum: 1_000.0,
        maximum: 2_000.0,
    };
    for datum in [
        ExplicitDatum::value("n", 3_000.0),
        ExplicitDatum::values("n", &[1_000.0, 2_000.0], &[1.0, 1.0]),
        ExplicitDatum::statistic("n", set),
    ] {
        let datum = datum.with_unit(Unit::Nanoseconds);
        test.started.cloudwatch.put(datum).unwrap();
    }
    test.started.flush().await;
    for datum in test.sink.data() {
        assert_eq!(datum.unit(), Some(Unit::Microseconds));
        assert_eq!(datum.value().statistics().sum, 3.0);
    }
}

#[tokio::test]
async fn what_cloudwatch_would_refuse_is_refused_at_once() {
    let test = InMemory::new(|builder| builder);
    let one = || ExplicitDatum::value("n", 1.0);
    let hour = Duration::from_hours(1);
    let distinct: Vec<f64> = (0..151).map(f64::from).collect();
    for (datum, error) in [
        (
            ExplicitDatum::value("", 1.0),
            PutError::Series(Refusal::MetricName(TextFault::Empty)),
        ),
        (
            one().with_dimension(":d", "v"),
            PutError::Series(Refusal::DimensionName {
                name: ":d".into(),
                fault: TextFault::LeadingColon,
            }),
        ),
        (
            one().with_dimension("d", "1").with_dimension("d", "2"),
            PutError::Series(Refusal::AmbiguousDimension("d".into())),
        ),
        (
            ExplicitDatum::value("n", f64::NAN),
            PutError::Value(ValueFault::NotANumber),
        ),
        (
            ExplicitDatum::value("n", 1e300),
            PutError::Value(ValueFault::OutOfRange),
        ),
        (ExplicitDatum::values("n", &[], &[]), PutError::NoValues),
        (
            ExplicitDatum::values("n", &[1.0, 2.0], &[1.0]),
            PutError::CountsMismatch {
                values: 2,
                counts: 1,
            },
        ),
        (
            ExplicitDatum::values("n", &[1.0], &[0.0]),
            PutError::Count(0.0),
        ),
        (
            ExplicitDatum::values("n", &[f64::INFINITY], &[1.0]),
            PutError::Value(ValueFault::Infinite),
        ),
        (
            ExplicitDatum::values("n", &distinct, &[1.0; 151]),
            PutError::TooManyValues(151),
        ),
        (
            ExplicitDatum::statistic("n", set(-1.0, 1.0, 1.0, 1.0)),
            PutError::Count(-1.0),
        ),
        (
            ExplicitDatum::statistic("n", set(1.0, 1.0, 2.0, 1.0)),
            PutError::MinimumAboveMaximum {
                minimum: 2.0,
                maximum: 1.0,
            },
        ),
        (
            ExplicitDatum::statistic("n", set(2.0, 7.0, 1.0, 3.0)),
            PutError::SumOutOfBounds {
                sample_count: 2.0,
                sum: 7.0,
                minimum: 1.0,
                maximum: 3.0,
            },
        ),
        (
            one().with_timestamp(minute() - 337 * hour),
            PutError::Timestamp(TimestampFault::TooOld),
        ),
        (
            one().with_timestamp(minute() + 3 * hour),
            PutError::Timestamp(TimestampFault::TooFarAhead),
        ),
    ] {
        assert_eq!(test.started.cloudwatch.put(datum), Err(error));
    }
    test.started.flush().await;
    assert!(test.sink.data().is_empty());
    // What is next to it is taken.
    for datum in [
        one().with_timestamp(minute() - 336 * hour),
        one().with_timestamp(minute() + 2 * hour),
        ExplicitDatum::values("n", &distinct[..150], &[1.0; 150]),
        ExplicitDatum::statistic("n", set(3.0, 0.1 + 0.2 + 0.3, 0.1, 0.3)),
        ExplicitDatum::statistic("n", set(2.0, 6.000_000_000_1, 1.0, 3.0)),
    ] {
        test.started.cloudwatch.put(datum).unwrap();
    }
    test.started.flush().await;
    assert_eq!(test.sink.data().len(), 5);
}

#[tokio::test]
async fn a_full_request_leaves_before_the_window_ends() {
    let test = InMemory::new(|builder| builder);
    for _ in 0..999 {
        test.started
            .cloudwatch
            .put(ExplicitDatum::value("n", 1.0))
            .unwrap();
    }
    test.started.settle().await;
    assert_eq!(test.sink.data().len(), 0);
    test.started
        .cloudwatch
        .put(ExplicitDatum::value("n", 1.0))
        .unwrap();
    test.started.settle().await;
    assert_eq!(test.sink.data().len(), 1_000);
}

#[tokio::test]
async fn a_burst_is_bounded_by_the_queue_and_says_so() {
    let test = InMemory::new(|builder| builder.with_queue_bytes(4_000_000));
    let outcomes =
        (0..1_000_000).map(|_| test.started.cloudwatch.put(ExplicitDatum::value("n", 1.0)));
    let (mut taken, mut refused) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Ok(()) => taken += 1,
            Err(error) => {
                assert_eq!(error, PutError::QueueFull);
                refused += 1;
            }
        }
    }
    assert!(taken > 10_000 && refused > 900_000, "{taken} taken");
    // Each has a name of its own in memory, which counts.
    assert!(taken < 4_000_000 / 150, "{taken} taken");
    let report = test.started.cloudwatch.flush().await.unwrap();
    assert_eq!(report.delivered.samples + report.dropped.samples, taken);
    assert_eq!(test.sink.data().len() as u64, report.delivered.samples);
    test.started
        .cloudwatch
        .put(ExplicitDatum::value("n", 1.0))
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_datum_that_grows_too_old_takes_no_neighbour_along() {
    let sink = Scripted::new([Fault::Transient; 3]);
    let test = start(&sink);
    test.settle().await;
    let almost = Duration::from_hours(336) - Duration::from_mins(1);
    test.record(|| counter!("recorded").increment(2));
    test.cloudwatch
        .put(ExplicitDatum::value("old", 1.0).with_timestamp(minute() - almost))
        .unwrap();
    test.cloudwatch
        .put(ExplicitDatum::value("new", 1.0))
        .unwrap();
    // Both clocks, as the one alone may have jumped.
    test.clock.advance(Duration::from_mins(2));
    let advance = tokio::time::advance(Duration::from_mins(2));
    let (report, ()) = tokio::join!(test.cloudwatch.flush(), advance);
    let report = report.unwrap();
    assert_eq!((report.delivered.data, report.refusals.len()), (2, 1));
    assert_eq!(
        report.refusals[0].to_string(),
        r#"Datum "old": 1 refused: the time stamp is more than two weeks back"#
    );
    assert_eq!(
        (
            sink.memory.sum("recorded", &[]),
            sink.memory.sum("new", &[])
        ),
        (2.0, 1.0)
    );
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.delivered.samples, stats.refused.samples), (3, 1));
    assert!(stats.pending.is_zero());
}

#[tokio::test]
async fn nothing_is_taken_after_a_shutdown() {
    let test = InMemory::new(|builder| builder);
    test.started
        .cloudwatch
        .put(ExplicitDatum::value("n", 1.0))
        .unwrap();
    assert!(
        test.started
            .cloudwatch
            .shutdown()
            .await
            .unwrap()
            .is_complete()
    );
    assert_eq!(test.sink.sum("n", &[]), 1.0);
    let late = test.started.cloudwatch.put(ExplicitDatum::value("n", 1.0));
    assert_eq!(late, Err(PutError::Stopped));
}

#[test]
fn an_exporter_that_never_ran_takes_nothing_once_it_is_gone() {
    let builder = CloudWatchBuilder::new("Test");
    let sink = metrics_exporter_cloudwatch::MemorySink::new();
    let (_recorder, exporter) = builder.with_sink("test", sink).build().unwrap();
    let cloudwatch = exporter.handle();
    cloudwatch.put(ExplicitDatum::value("n", 1.0)).unwrap();
    drop(exporter);
    assert_eq!(
        cloudwatch.put(ExplicitDatum::value("n", 1.0)),
        Err(PutError::Stopped)
    );
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3f64,
        2 => (0..5).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, 5e-324, 8.5e-109, 9e-109, 1e108, f64::NAN]),
    ]
}

fn datum() -> impl Strategy<Value = ExplicitDatum> {
    let text = || prop_oneof![4 => "[a-z]{1,8}", 1 => any::<String>()];
    let pairs = prop::collection::vec((number(), number()), 0..160);
    let value = prop_oneof![
        (text(), number()).prop_map(|(name, value)| ExplicitDatum::value(name, value)),
        (text(), pairs).prop_map(|(name, pairs)| {
            let (values, counts): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let counts: Vec<f64> = counts.iter().map(|count| count.abs()).collect();
            ExplicitDatum::values(name, &values, &counts)
        }),
        (text(), prop::array::uniform4(number()))
            .prop_map(|(name, [a, b, c, d])| ExplicitDatum::statistic(name, set(a, b, c, d))),
        (text(), 1..9u8, number(), number()).prop_map(|(name, count, a, b)| {
            let count = f64::from(count);
            ExplicitDatum::statistic(
                name,
                set(
                    count,
                    a.min(b) * count * 0.75 + a.max(b) * count * 0.25,
                    a.min(b),
                    a.max(b),
                ),
            )
        }),
    ];
    (
        value,
        prop::option::of((text(), text())),
        -1_300_000..8_000i64,
    )
        .prop_map(|(datum, dimension, seconds)| {
            let seconds_abs = Duration::from_secs(seconds.unsigned_abs());
            let at = if seconds < 0 {
                minute() - seconds_abs
            } else {
                minute() + seconds_abs
            };
            let datum = datum.with_timestamp(at);
            match dimension {
                Some((name, value)) => datum.with_dimension(name, value),
                None => datum,
            }
        })
}

async fn check(data: Vec<ExplicitDatum>, local: &Local) -> Result<(), TestCaseError> {
    let before = local.requests().len();
    let test = Started::new(to(local));
    let taken = data
        .into_iter()
        .filter(|datum| test.cloudwatch.put(datum.clone()).is_ok());
    let taken = taken.count();
    let report = test.cloudwatch.shutdown().await.unwrap();
    prop_assert!(report.is_complete(), "{:?}", report);
    prop_assert_eq!(report.delivered.data, taken as u64);
    for request in local.requests().split_off(before) {
        prop_assert_eq!(request.refusal, None);
    }
    Ok(())
}

#[test]
fn whatever_is_taken_is_valid() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let local = runtime.block_on(local(&ManualClock::new(minute())));
    // Which characters a metric's name may have is left to the service.
    local.service().take_any_metric_name();
    proptest!(ProptestConfig::with_cases(128), |(data in prop::collection::vec(datum(), 1..12))| {
        runtime.block_on(check(data, &local))?;
    });
}
