//! `GetMetricData`: queries, order and pages.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataError;
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::types::builders::{MetricDataQueryBuilder, MetricStatBuilder};
use aws_sdk_cloudwatch::types::{
    Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StandardUnit, StatusCode,
};

use crate::support::{Fixture, NAMESPACE, NOON, at, dimension, named, refused};

fn metric(name: &str) -> Metric {
    Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(name)
        .build()
}

fn stat(stat: &str) -> MetricStatBuilder {
    MetricStat::builder()
        .metric(metric("m"))
        .period(60)
        .stat(stat)
}

fn query(id: &str, stat: MetricStatBuilder) -> MetricDataQueryBuilder {
    MetricDataQuery::builder().id(id).metric_stat(stat.build())
}

fn read<const N: usize>(
    fixture: &Fixture,
    queries: [MetricDataQueryBuilder; N],
) -> GetMetricDataFluentBuilder {
    let queries = queries
        .into_iter()
        .map(MetricDataQueryBuilder::build)
        .collect();
    let request = fixture
        .client
        .get_metric_data()
        .set_metric_data_queries(Some(queries));
    request.start_time(at(NOON)).end_time(at(NOON + 600))
}

/// Five minutes: 1, 2, 3, 4 and 5, one in each.
async fn five_minutes() -> Fixture {
    let fixture = Fixture::at_noon().await;
    let data = (0..5_u32).map(|minute| {
        named("m")
            .value(f64::from(minute + 1))
            .timestamp(at(NOON + 60 * u64::from(minute)))
    });
    fixture.put(data).await;
    fixture
}

fn values(results: &[MetricDataResult]) -> Vec<(&str, &[f64], &StatusCode)> {
    let of = |result| -> (&str, &[f64], &StatusCode) {
        let result: &MetricDataResult = result;
        (
            result.id().unwrap(),
            result.values(),
            result.status_code().unwrap(),
        )
    };
    results.iter().map(of).collect()
}

#[tokio::test]
async fn each_query_has_a_result() {
    let fixture = five_minutes().await;
    let wider = stat("Average").period(300);
    let other = stat("Sum").metric(metric("other"));
    let output = read(
        &fixture,
        [
            query("all", stat("Sum")).label("by the minute"),
            query("wide", wider),
            query("p", stat("p50").period(300)),
            query("n", stat("SampleCount").period(300)),
            query("least", stat("Minimum").period(300)),
            query("most", stat("Maximum").period(300)),
            query("hidden", stat("Sum")).return_data(false),
            query("nothing", other),
        ],
    )
    .send()
    .await
    .unwrap();

    let done = &StatusCode::Complete;
    let expected: [(_, &[f64], _); 7] = [
        ("all", &[5.0, 4.0, 3.0, 2.0, 1.0], done),
        ("wide", &[3.0], done),
        ("p", &[3.0], done),
        ("n", &[5.0], done),
        ("least", &[1.0], done),
        ("most", &[5.0], done),
        ("nothing", &[], done),
    ];
    assert_eq!(values(output.metric_data_results()), expected);
    let [all, wide, ..] = output.metric_data_results() else {
        panic!()
    };
    assert_eq!(all.label(), Some("by the minute"));
    assert_eq!(wide.label(), Some("m"));
    assert_eq!(all.timestamps()[..2], [at(NOON + 240), at(NOON + 180)]);
    assert_eq!(wide.timestamps(), [at(NOON)]);
    assert_eq!(output.next_token(), None);
}

#[tokio::test]
async fn the_oldest_can_come_first() {
    let fixture = five_minutes().await;
    let request = read(&fixture, [query("all", stat("Sum"))]);
    let output = request
        .scan_by(ScanBy::TimestampAscending)
        .send()
        .await
        .unwrap();
    assert_eq!(
        output.metric_data_results()[0].values(),
        [1.0, 2.0, 3.0, 4.0, 5.0]
    );
    assert_eq!(output.metric_data_results()[0].timestamps()[0], at(NOON));
}

#[tokio::test]
async fn dimensions_and_units_select() {
    let fixture = Fixture::at_noon().await;
    let a = dimension("a", "1");
    fixture
        .put([
            named("m").value(1.0).unit(StandardUnit::Seconds),
            named("m").value(2.0).unit(StandardUnit::Milliseconds),
            named("m").value(4.0).dimensions(a.clone()),
        ])
        .await;
    let with_a = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("m")
        .dimensions(a)
        .build();
    let output = read(
        &fixture,
        [
            query("seconds", stat("Sum").unit(StandardUnit::Seconds)),
            query("a", stat("Sum").metric(with_a)),
            // Units are not added up: each has a value of its own.
            query("both", stat("Sum")),
        ],
    )
    .scan_by(ScanBy::TimestampAscending)
    .send()
    .await
    .unwrap();
    let found: Vec<_> = output
        .metric_data_results()
        .iter()
        .map(MetricDataResult::values)
        .collect();
    assert_eq!(found, [&[1.0] as &[_], &[4.0], &[2.0, 1.0]]);
}

#[tokio::test]
async fn pages_go_through_the_queries() {
    let fixture = five_minutes().await;
    let request = || {
        let queries = [query("a", stat("Sum")), query("b", stat("Sum").period(300))];
        read(&fixture, queries)
            .scan_by(ScanBy::TimestampAscending)
            .max_datapoints(2)
    };
    let (done, part) = (&StatusCode::Complete, &StatusCode::PartialData);
    let expected: [[(_, &[f64], _); 2]; 3] = [
        [("a", &[1.0, 2.0], part), ("b", &[], part)],
        [("a", &[3.0, 4.0], part), ("b", &[], part)],
        [("a", &[5.0], done), ("b", &[15.0], done)],
    ];
    let mut token = None;
    for expected in expected {
        let page = request().set_next_token(token).send().await.unwrap();
        assert_eq!(values(page.metric_data_results()), expected);
        token = page.next_token().map(str::to_owned);
    }
    assert_eq!(token, None);

    let pages = request()
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    assert_eq!(pages.len(), 3);
    let whole = request().max_datapoints(6).send().await.unwrap();
    assert_eq!(whole.next_token(), None);
}

#[tokio::test]
async fn tokens_are_good_for_their_request_only() {
    let fixture = five_minutes().await;
    let request = || read(&fixture, [query("a", stat("Sum"))]).max_datapoints(2);
    let first = request().send().await.unwrap();
    let token = first.next_token().unwrap();
    let others = [
        request().next_token("nonsense"),
        request().next_token(token.replace('-', "-0")),
        request().next_token(token).end_time(at(NOON + 60)),
        read(&fixture, [query("b", stat("Sum"))]).next_token(token),
    ];
    for other in others {
        let error = other.send().await.unwrap_err();
        assert_eq!(refused(&error).code, "InvalidNextToken");
        assert!(matches!(
            error.into_service_error(),
            GetMetricDataError::InvalidNextToken(_)
        ));
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table, a line to a case")]
async fn what_cannot_be_read_is_refused() {
    let fixture = Fixture::at_noon().await;
    let one = |query| read(&fixture, [query]);
    let sum = || query("a", stat("Sum"));
    let with = |metric: Metric| query("a", stat("Sum").metric(metric));
    let many = |count| {
        let queries = (0..count)
            .map(|n| query(&format!("q{n}"), stat("Sum")).build())
            .collect();
        one(sum()).set_metric_data_queries(Some(queries))
    };
    let cases = vec![
        (many(0), "MetricDataQueries is required"),
        (
            many(501),
            "The collection MetricDataQueries must not have a size greater than 500.",
        ),
        (
            one(query("A", stat("Sum"))),
            "The value A for parameter MetricDataQueries.member.1.Id is not matching",
        ),
        (
            one(query("1", stat("Sum"))),
            "is not matching the expected pattern",
        ),
        (
            one(query("a-b", stat("Sum"))),
            "is not matching the expected pattern",
        ),
        (one(query("", stat("Sum"))), "Id is required"),
        (
            one(query(&"a".repeat(256), stat("Sum"))),
            "Id must be shorter than 256",
        ),
        (
            read(&fixture, [sum(), sum()]),
            "MetricDataQueries.member.2.Id must not be",
        ),
        (
            one(MetricDataQuery::builder().id("a")),
            "MetricDataQueries.member.1.MetricStat is required",
        ),
        (
            one(MetricDataQuery::builder().id("a").expression("m1 * 2")),
            "MetricDataQueries.member.1.Expression is not supported",
        ),
        (
            one(sum().account_id("1")),
            "MetricDataQueries.member.1.AccountId is not supported",
        ),
        (
            one(sum().period(60)),
            "Period and MetricDataQueries.member.1.MetricStat are mutually exclusive",
        ),
        (
            one(query("a", stat("Median"))),
            "The value for parameter MetricDataQueries.member.1.MetricStat.Stat is not a valid statistic",
        ),
        (
            one(query("a", stat("Sum").period(7))),
            "MetricStat.Period must be",
        ),
        (
            one(query("a", stat("Sum").unit("Hours".into()))),
            "MetricStat.Unit must be a value in the set",
        ),
        (
            one(with(Metric::builder().metric_name("m").build())),
            "MetricStat.Metric.Namespace is required",
        ),
        (
            one(with(Metric::builder().namespace("n").build())),
            "MetricStat.Metric.MetricName is required",
        ),
        (
            one(sum()).end_time(at(NOON)),
            "StartTime must not equal parameter EndTime",
        ),
        (one(sum()).end_time(at(NOON - 1)), "StartTime must be less"),
        (one(sum()).set_start_time(None), "StartTime is required"),
        (
            one(sum()).max_datapoints(0),
            "MaxDatapoints must be between 1 and 100800",
        ),
        (
            one(sum()).max_datapoints(100_801),
            "MaxDatapoints must be between 1 and 100800",
        ),
        (
            one(sum()).scan_by("Random".into()),
            "ScanBy must be a value in the set",
        ),
    ];
    for (request, message) in cases {
        let refused = refused(&request.send().await.unwrap_err());
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "ValidationError"),
            "{message}"
        );
        assert!(
            refused.message.contains(message),
            "{message}: {}",
            refused.message
        );
    }
    assert_eq!(
        many(500).send().await.unwrap().metric_data_results().len(),
        500
    );
}
