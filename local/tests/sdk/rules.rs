//! Every rule of `PutMetricData`: what breaks it, and its neighbours that just do not.

mod names;
mod values;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;

use crate::support::{Fixture, NAMESPACE, NOON, at, named, refused};

const VALUE: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";
const MISSING: &str = "MissingParameter";

/// A datum and, if it is refused, the code and the end of the place in `MetricData.member.2`.
type Case = (
    &'static str,
    MetricDatumBuilder,
    Option<(&'static str, &'static str)>,
);

/// Sends each datum as the second of three, so that the message must tell which one is at fault, and
/// so that the others show whether anything of a refused request is stored.
async fn check(cases: Vec<Case>) {
    let fixture = Fixture::at_noon().await;
    for (name, datum, expected) in cases {
        let before = fixture.local.received().len();
        let data = vec![named("first").value(1.0), datum, named("third").value(3.0)];
        let answer = fixture
            .try_put(data.into_iter().map(MetricDatumBuilder::build).collect())
            .await;
        let stored = fixture.local.received().len() - before;
        match (expected, answer) {
            (None, answer) => assert_eq!((answer, stored), (Ok(()), 3), "{name}"),
            (Some(_), Ok(())) => panic!("{name}: accepted"),
            (Some((code, place)), Err(refused)) => {
                assert_eq!(refused.status, 400, "{name}");
                assert_eq!(refused.code, code, "{name}: {}", refused.message);
                let place = format!("MetricData.member.2{place}");
                assert!(
                    refused.message.contains(&place),
                    "{name}: {}",
                    refused.message
                );
                for other in ["MetricData.member.1", "MetricData.member.3"] {
                    assert!(
                        !refused.message.contains(other),
                        "{name}: {}",
                        refused.message
                    );
                }
                assert_eq!(stored, 0, "{name}: a part of a refused request was stored");
            }
        }
    }
}

fn valued() -> MetricDatumBuilder {
    named("m").value(1.0)
}

#[tokio::test]
async fn timestamps() {
    const WEEKS: u64 = 14 * 24 * 60 * 60;
    const AHEAD: u64 = 2 * 60 * 60;
    let of = |time| valued().timestamp(time);
    let past = Some((
        VALUE,
        ".Timestamp must specify a time within the past two weeks",
    ));
    let future = Some((
        VALUE,
        ".Timestamp must specify a time no more than two hours",
    ));
    check(vec![
        ("now", of(at(NOON)), None),
        ("two weeks ago", of(at(NOON - WEEKS)), None),
        ("before that", of(at(NOON - WEEKS - 1)), past),
        ("two hours ahead", of(at(NOON + AHEAD)), None),
        ("after that", of(at(NOON + AHEAD + 1)), future),
        ("the epoch", of(DateTime::from_secs(0)), past),
        ("before the epoch", of(DateTime::from_secs(-1)), past),
        (
            "milliseconds for seconds",
            of(DateTime::from_secs(1_709_294_400_000)),
            future,
        ),
    ])
    .await;
}

#[tokio::test]
async fn numbers_of_data() {
    let fixture = Fixture::at_noon().await;
    let data = |count| vec![valued().build(); count];
    assert_eq!(fixture.try_put(data(1_000)).await, Ok(()));

    let none = fixture.try_put(data(0)).await.unwrap_err();
    assert_eq!(
        (none.code.as_str(), none.message.as_str()),
        (MISSING, "The parameter MetricData is required.")
    );
    let absent = fixture
        .client
        .put_metric_data()
        .namespace(NAMESPACE)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused(&absent), none);

    let many = fixture.try_put(data(1_001)).await.unwrap_err();
    assert_eq!(many.code, VALUE);
    assert_eq!(
        many.message,
        "The collection MetricData must not have a size greater than 1000."
    );
    assert_eq!(fixture.local.received().len(), 1_000);
}
