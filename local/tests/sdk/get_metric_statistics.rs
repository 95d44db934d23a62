//! `GetMetricStatistics`: statistics, periods, units and resolutions.

mod percentiles;
mod refusals;

use std::time::Duration;

use aws_sdk_cloudwatch::operation::get_metric_statistics::builders::GetMetricStatisticsFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;
use aws_sdk_cloudwatch::types::{Datapoint, StandardUnit, Statistic};

use crate::support::{Fixture, NAMESPACE, NOON, at, dimension, named, set};

const ALL: [Statistic; 5] = [
    Statistic::SampleCount,
    Statistic::Average,
    Statistic::Sum,
    Statistic::Minimum,
    Statistic::Maximum,
];

/// The metric `m`, by the minute, for the hour around noon.
fn read(fixture: &Fixture) -> GetMetricStatisticsFluentBuilder {
    let request = fixture
        .client
        .get_metric_statistics()
        .namespace(NAMESPACE)
        .metric_name("m");
    request
        .period(60)
        .start_time(at(NOON - 1_800))
        .end_time(at(NOON + 1_800))
}

async fn sums(request: GetMetricStatisticsFluentBuilder) -> Vec<(i64, f64)> {
    let output = request.statistics(Statistic::Sum).send().await.unwrap();
    let noon = i64::try_from(NOON).unwrap();
    let of = |point: &Datapoint| {
        (
            point.timestamp().unwrap().secs() - noon,
            point.sum().unwrap(),
        )
    };
    output.datapoints().iter().map(of).collect()
}

fn datum(value: f64) -> MetricDatumBuilder {
    named("m").value(value)
}

#[tokio::test]
async fn the_statistics_of_all_forms_of_values() {
    let fixture = Fixture::at_noon().await;
    fixture
        .put([
            datum(2.0),
            named("m").statistic_values(set(3.0, 12.0, 1.0, 9.0)),
            named("m").values(0.5).values(4.0).counts(2.0).counts(4.0),
        ])
        .await;
    let output = read(&fixture)
        .set_statistics(Some(ALL.to_vec()))
        .send()
        .await
        .unwrap();
    assert_eq!(output.label(), Some("m"));
    let [point] = output.datapoints() else {
        panic!("{output:?}")
    };
    assert_eq!(point.timestamp(), Some(&at(NOON)));
    assert_eq!(point.unit(), Some(&StandardUnit::None));
    assert_eq!(point.sample_count(), Some(10.0));
    assert_eq!(point.sum(), Some(31.0));
    assert_eq!(point.average(), Some(3.1));
    assert_eq!(point.minimum(), Some(0.5));
    assert_eq!(point.maximum(), Some(9.0));
    assert_eq!(point.extended_statistics(), None);
}

#[tokio::test]
async fn only_what_was_asked_for_is_answered() {
    let fixture = Fixture::at_noon().await;
    fixture.put([datum(2.0)]).await;
    let output = read(&fixture)
        .statistics(Statistic::Maximum)
        .send()
        .await
        .unwrap();
    let point = &output.datapoints()[0];
    assert_eq!(
        (point.maximum(), point.minimum(), point.sum()),
        (Some(2.0), None, None)
    );
}

#[tokio::test]
async fn periods_count_from_the_start_and_the_end_is_excluded() {
    let fixture = Fixture::at_noon().await;
    let of = |offset: i64, value| {
        datum(value).timestamp(DateTime::from_secs(i64::try_from(NOON).unwrap() + offset))
    };
    fixture
        .put([
            of(-61, 1.0),
            of(-60, 2.0),
            of(-1, 4.0),
            of(0, 8.0),
            of(59, 16.0),
            of(60, 32.0),
        ])
        .await;

    let minutes = sums(read(&fixture)).await;
    assert_eq!(minutes, [(-120, 1.0), (-60, 6.0), (0, 24.0), (60, 32.0)]);
    let range = |start, end| read(&fixture).start_time(at(start)).end_time(at(end));
    assert_eq!(sums(range(NOON - 60, NOON)).await, [(-60, 6.0)]);
    assert_eq!(sums(range(NOON, NOON + 61)).await, [(0, 24.0), (60, 32.0)]);
    // A start within a minute is rounded down to it, and the last period is whole.
    assert_eq!(sums(range(NOON - 1, NOON)).await, [(-60, 6.0)]);
    let hour = range(NOON - 3_600, NOON + 3_600).period(3_600);
    assert_eq!(sums(hour).await, [(-3_600, 7.0), (0, 56.0)]);
    let across = range(NOON - 90, NOON + 90).period(300);
    assert_eq!(sums(across).await, [(-120, 63.0)]);
    let day = range(NOON - 600, NOON + 600).period(86_400);
    assert_eq!(sums(day).await, [(-600, 63.0)]);
}

#[tokio::test]
async fn a_metric_is_its_whole_set_of_dimensions() {
    let fixture = Fixture::at_noon().await;
    let (a, b) = (dimension("a", "1"), dimension("b", "2"));
    fixture
        .put([
            datum(1.0),
            datum(2.0).dimensions(a.clone()),
            datum(4.0).dimensions(a.clone()).dimensions(b.clone()),
        ])
        .await;
    assert_eq!(sums(read(&fixture)).await, [(0, 1.0)]);
    assert_eq!(sums(read(&fixture).dimensions(a.clone())).await, [(0, 2.0)]);
    let both = read(&fixture).dimensions(b.clone()).dimensions(a);
    assert_eq!(sums(both).await, [(0, 4.0)]);
    assert_eq!(sums(read(&fixture).dimensions(b)).await, []);
    assert_eq!(sums(read(&fixture).namespace("AWS/EC2")).await, []);
}

#[tokio::test]
async fn units_are_streams_of_their_own() {
    let fixture = Fixture::at_noon().await;
    fixture
        .put([
            datum(1.0).unit(StandardUnit::Seconds),
            datum(2.0).unit(StandardUnit::Milliseconds),
            datum(4.0).unit(StandardUnit::Seconds),
            datum(8.0),
            datum(16.0).unit(StandardUnit::None),
        ])
        .await;
    let output = read(&fixture)
        .statistics(Statistic::Sum)
        .send()
        .await
        .unwrap();
    let of = |point: &Datapoint| (point.unit().unwrap().clone(), point.sum().unwrap());
    let points: Vec<_> = output.datapoints().iter().map(of).collect();
    let expected = [
        (StandardUnit::Milliseconds, 2.0),
        (StandardUnit::None, 24.0),
        (StandardUnit::Seconds, 5.0),
    ];
    assert_eq!(points, expected);
    assert_eq!(
        sums(read(&fixture).unit(StandardUnit::Seconds)).await,
        [(0, 5.0)]
    );
    assert_eq!(
        sums(read(&fixture).unit(StandardUnit::None)).await,
        [(0, 24.0)]
    );
    assert_eq!(sums(read(&fixture).unit(StandardUnit::Count)).await, []);
}

#[tokio::test]
async fn below_a_minute_there_are_only_data_of_high_resolution() {
    let fixture = Fixture::at_noon().await;
    fixture
        .put([
            datum(1.0),
            datum(2.0).storage_resolution(1),
            datum(4.0).storage_resolution(1).timestamp(at(NOON + 7)),
        ])
        .await;
    let short = |period| {
        read(&fixture)
            .start_time(at(NOON))
            .end_time(at(NOON + 60))
            .period(period)
    };
    assert_eq!(sums(short(1)).await, [(0, 2.0), (7, 4.0)]);
    assert_eq!(sums(short(5)).await, [(0, 2.0), (5, 4.0)]);
    for period in [10, 20, 30] {
        assert_eq!(sums(short(period)).await, [(0, 6.0)]);
    }
    assert_eq!(sums(short(60)).await, [(0, 7.0)]);
    // Their start is rounded down to a part of the minute.
    let later = |period| short(period).start_time(at(NOON + 9));
    assert_eq!(sums(later(5)).await, [(5, 4.0)]);
    assert_eq!(sums(later(10)).await, [(0, 6.0)]);

    // They are kept for three hours, then by the minute.
    fixture.advance(Duration::from_hours(3));
    assert_eq!(sums(short(1)).await, [(0, 2.0), (7, 4.0)]);
    fixture.advance(Duration::from_secs(1));
    assert_eq!(sums(short(1)).await, [(7, 4.0)]);
    assert_eq!(sums(short(60)).await, [(0, 7.0)]);
    fixture.advance(Duration::from_hours(15 * 24));
    assert_eq!(sums(short(60)).await, []);
    assert_eq!(sums(short(300)).await, [(0, 7.0)]);
}

#[tokio::test]
async fn the_older_a_start_the_more_it_is_rounded_down() {
    const DAY: u64 = 24 * 60 * 60;
    let fixture = Fixture::at_noon().await;
    fixture.put([datum(1.0)]).await;
    let from = |seconds| {
        let request = read(&fixture).period(3_600).start_time(at(NOON + seconds));
        sums(request.end_time(at(NOON + DAY)))
    };
    fixture.advance(Duration::from_secs(15 * DAY));
    assert_eq!(from(59).await, [(0, 1.0)]);
    assert_eq!(from(60).await, []);
    fixture.advance(Duration::from_secs(DAY));
    assert_eq!(from(299).await, [(0, 1.0)]);
    assert_eq!(from(300).await, []);
    fixture.advance(Duration::from_secs(48 * DAY));
    assert_eq!(from(3_599).await, [(0, 1.0)]);
    assert_eq!(from(3_600).await, []);
}
