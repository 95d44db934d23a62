//! `ListMetrics`: filters and pages.

use std::time::Duration;

use aws_sdk_cloudwatch::operation::list_metrics::ListMetricsError;
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric, RecentlyActive};

use crate::support::{Fixture, NAMESPACE, dimension, named, refused};

fn names(metrics: &[Metric]) -> Vec<&str> {
    metrics.iter().filter_map(Metric::metric_name).collect()
}

fn having(name: &str) -> DimensionFilter {
    DimensionFilter::builder().name(name).build()
}

fn equal(name: &str, value: &str) -> DimensionFilter {
    DimensionFilter::builder().name(name).value(value).build()
}

#[tokio::test]
async fn a_metric_is_listed_once_whatever_the_order_of_its_dimensions() {
    let fixture = Fixture::at_noon().await;
    let (a, b) = (dimension("a", "1"), dimension("b", "2"));
    fixture
        .put([
            named("m")
                .value(1.0)
                .dimensions(b.clone())
                .dimensions(a.clone()),
            named("m")
                .value(2.0)
                .dimensions(a.clone())
                .dimensions(b.clone()),
            named("m").value(3.0).dimensions(a.clone()),
        ])
        .await;
    let listed = fixture.client.list_metrics().send().await.unwrap();
    let [first, second] = listed.metrics() else {
        panic!("{listed:?}")
    };
    assert_eq!(first.namespace(), Some(NAMESPACE));
    assert_eq!(first.dimensions(), [a.clone(), b]);
    assert_eq!(second.dimensions(), [a]);
    assert_eq!(listed.next_token(), None);
}

#[tokio::test]
async fn filters() {
    let fixture = Fixture::at_noon().await;
    let of = |name, value| named("m").value(1.0).dimensions(dimension(name, value));
    fixture
        .put([
            named("plain").value(1.0),
            of("route", "/").metric_name("root"),
            of("route", "/cart")
                .dimensions(dimension("host", "a"))
                .metric_name("cart"),
        ])
        .await;
    let other = fixture.client.put_metric_data().namespace("other");
    other
        .metric_data(named("plain").value(1.0).build())
        .send()
        .await
        .unwrap();

    let list = || fixture.client.list_metrics();
    let cases = vec![
        (list(), vec!["plain", "root", "cart", "plain"]),
        (list().namespace(NAMESPACE), vec!["plain", "root", "cart"]),
        (list().namespace("AWS/EC2"), vec![]),
        (list().metric_name("plain"), vec!["plain", "plain"]),
        (
            list().metric_name("plain").namespace("other"),
            vec!["plain"],
        ),
        (list().dimensions(having("route")), vec!["root", "cart"]),
        (list().dimensions(equal("route", "/")), vec!["root"]),
        (
            list()
                .dimensions(having("route"))
                .dimensions(equal("host", "a")),
            vec!["cart"],
        ),
        (list().dimensions(equal("host", "b")), vec![]),
    ];
    for (request, expected) in cases {
        let listed = request.send().await.unwrap();
        assert_eq!(names(listed.metrics()), expected);
    }
}

#[tokio::test]
async fn recently_active_are_those_of_the_last_three_hours() {
    let fixture = Fixture::at_noon().await;
    let of = |name| named(name).value(1.0);
    fixture.put([of("old"), of("kept")]).await;
    fixture.advance(Duration::from_hours(3));
    fixture.put([of("kept"), of("new")]).await;
    let recent = async || {
        let request = fixture
            .client
            .list_metrics()
            .recently_active(RecentlyActive::Pt3H);
        let listed = request.send().await.unwrap();
        names(listed.metrics()).join(" ")
    };
    assert_eq!(recent().await, "old kept new");
    fixture.advance(Duration::from_secs(1));
    assert_eq!(recent().await, "kept new");
}

#[tokio::test]
async fn pages_of_500() {
    let fixture = Fixture::at_noon().await;
    let expected: Vec<_> = (0..1_000).map(|n| format!("m{n}")).collect();
    fixture
        .put(expected.iter().map(|name| named(name).value(1.0)))
        .await;

    let mut pages = fixture.client.list_metrics().into_paginator().send();
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.metrics().len());
        found.extend(names(page.metrics()).into_iter().map(str::to_owned));
        // What is new while somebody pages comes last, and moves nothing.
        if sizes.len() == 1 {
            fixture.put([named("late").value(1.0)]).await;
        }
    }
    assert_eq!(sizes, [500, 500, 1]);
    assert_eq!(found[..1_000], expected);
    assert_eq!(found[1_000], "late");
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let fixture = Fixture::at_noon().await;
    fixture
        .put((0..501).map(|n| named(&format!("m{n}")).value(1.0)))
        .await;
    let first = fixture.client.list_metrics().send().await.unwrap();
    let token = first.next_token().unwrap();

    let list = || fixture.client.list_metrics();
    let nameless = DimensionFilter::builder().value("v").build();
    let many = (0..11).map(|n| having(&format!("d{n}"))).collect();
    let cases = vec![
        (
            list().next_token("nonsense"),
            "InvalidParameterValue",
            "NextToken is invalid",
        ),
        (
            list().next_token(""),
            "InvalidParameterValue",
            "NextToken is invalid",
        ),
        // It belongs to a request without a namespace.
        (
            list().next_token(token).namespace("n"),
            "InvalidParameterValue",
            "NextToken is invalid",
        ),
        (
            list().namespace(""),
            "MissingParameter",
            "Namespace is required",
        ),
        (
            list().metric_name("m".repeat(256)),
            "InvalidParameterValue",
            "MetricName must be shorter",
        ),
        (
            list().dimensions(nameless),
            "MissingParameter",
            "Dimensions.member.1.Name is required",
        ),
        (
            list().set_dimensions(Some(many)),
            "InvalidParameterValue",
            "size greater than 10",
        ),
        (
            list().recently_active("PT1H".into()),
            "InvalidParameterValue",
            "[ PT3H ]",
        ),
        (
            list().include_linked_accounts(true),
            "InvalidParameterValue",
            "not supported",
        ),
        (
            list().owning_account("1"),
            "InvalidParameterValue",
            "not supported",
        ),
    ];
    for (request, code, message) in cases {
        let error = request.send().await.unwrap_err();
        let answer = refused(&error);
        assert_eq!(answer.code, code, "{message}");
        assert!(answer.message.contains(message), "{}", answer.message);
        if code == "InvalidParameterValue" {
            let error = error.into_service_error();
            assert!(matches!(
                error,
                ListMetricsError::InvalidParameterValueException(_)
            ));
        }
    }
    list().include_linked_accounts(false).send().await.unwrap();
}
