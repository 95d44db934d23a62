//! Namespaces, metric names, dimensions and units.

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};

use super::{Case, MISSING, VALUE, check, valued};
use crate::support::{Fixture, dimension, refused};
use aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;

fn of_dimension(name: &str, value: &str) -> MetricDatumBuilder {
    valued().dimensions(dimension(name, value))
}

#[tokio::test]
async fn metric_names() {
    let named = |name: &str| MetricDatum::builder().value(1.0).metric_name(name);
    check(vec![
        (
            "absent",
            MetricDatum::builder().value(1.0),
            Some((MISSING, ".MetricName is required")),
        ),
        (
            "empty",
            named(""),
            Some((MISSING, ".MetricName is required")),
        ),
        ("one character", named("m"), None),
        ("255 characters", named(&"m".repeat(255)), None),
        (
            "256 characters",
            named(&"m".repeat(256)),
            Some((VALUE, ".MetricName must be shorter")),
        ),
        (
            "blank",
            named("  "),
            Some((VALUE, ".MetricName must include")),
        ),
        ("a blank and a letter", named(" m"), None),
        (
            "a control character",
            named("m\n"),
            Some((VALUE, ".MetricName must consist of ASCII")),
        ),
        ("the last ASCII character", named("m~"), None),
        (
            "delete",
            named("m\u{7f}"),
            Some((VALUE, ".MetricName must consist of ASCII")),
        ),
        (
            "beyond ASCII",
            named("é"),
            Some((VALUE, ".MetricName must consist of ASCII")),
        ),
        ("a colon", named(":m"), None),
    ])
    .await;
}

#[tokio::test]
async fn dimensions() {
    let many = |count| {
        (0..count).fold(valued(), |datum, n| {
            datum.dimensions(dimension(&format!("d{n}"), "v"))
        })
    };
    let nameless = valued().dimensions(Dimension::builder().value("v").build());
    let valueless = valued().dimensions(Dimension::builder().name("d").build());
    let (a, b) = (dimension("d", "1"), dimension("d", "2"));
    check(vec![
        ("30", many(30), None),
        (
            "31",
            many(31),
            Some((VALUE, ".Dimensions must not have a size greater than 30")),
        ),
        (
            "no name",
            nameless,
            Some((MISSING, ".Dimensions.member.1.Name is required")),
        ),
        (
            "no value",
            valueless,
            Some((MISSING, ".Dimensions.member.1.Value is required")),
        ),
        (
            "empty name",
            of_dimension("", "v"),
            Some((MISSING, ".Dimensions.member.1.Name")),
        ),
        (
            "empty value",
            of_dimension("d", ""),
            Some((MISSING, ".Dimensions.member.1.Value")),
        ),
        ("name of 255", of_dimension(&"d".repeat(255), "v"), None),
        (
            "name of 256",
            of_dimension(&"d".repeat(256), "v"),
            Some((VALUE, ".Dimensions.member.1.Name")),
        ),
        ("value of 1024", of_dimension("d", &"v".repeat(1024)), None),
        (
            "value of 1025",
            of_dimension("d", &"v".repeat(1025)),
            Some((
                VALUE,
                ".Dimensions.member.1.Value must be shorter than 1025",
            )),
        ),
        (
            "blank name",
            of_dimension(" ", "v"),
            Some((VALUE, ".Dimensions.member.1.Name must include")),
        ),
        (
            "blank value",
            of_dimension("d", " "),
            Some((VALUE, ".Dimensions.member.1.Value must include")),
        ),
        (
            "control in a name",
            of_dimension("d\t", "v"),
            Some((VALUE, ".Dimensions.member.1.Name must consist")),
        ),
        (
            "control in a value",
            of_dimension("d", "\u{0}"),
            Some((VALUE, ".Dimensions.member.1.Value must consist")),
        ),
        (
            "beyond ASCII in a name",
            of_dimension("ü", "v"),
            Some((VALUE, ".Dimensions.member.1.Name must consist")),
        ),
        (
            "beyond ASCII in a value",
            of_dimension("d", "ü"),
            Some((VALUE, ".Dimensions.member.1.Value must consist")),
        ),
        (
            "name with a colon first",
            of_dimension(":d", "v"),
            Some((VALUE, ".Dimensions.member.1.Name must not start")),
        ),
        ("name with a colon", of_dimension("d:", "v"), None),
        ("value with a colon first", of_dimension("d", ":v"), None),
        (
            "twice",
            valued().dimensions(a).dimensions(b),
            Some((VALUE, ".Dimensions.member.2.Name must not be")),
        ),
        (
            "differing in case",
            of_dimension("d", "1").dimensions(dimension("D", "2")),
            None,
        ),
    ])
    .await;
}

#[tokio::test]
async fn namespaces() {
    let cases = [
        ("", Some((MISSING, "The parameter Namespace is required."))),
        ("n", None),
        (&"n".repeat(255), None),
        (
            &"n".repeat(256),
            Some((VALUE, "The parameter Namespace must be shorter than 256")),
        ),
        (
            ":n",
            Some((VALUE, "The parameter Namespace must not start with a colon")),
        ),
        ("n:", None),
        (
            "AWS/EC2",
            Some((VALUE, "The value AWS/ for parameter Namespace is invalid.")),
        ),
        (
            "AWS/",
            Some((VALUE, "The value AWS/ for parameter Namespace is invalid.")),
        ),
        ("AWS", None),
        ("aws/ec2", None),
        ("my AWS/", None),
        (
            "a\nb",
            Some((VALUE, "The parameter Namespace must consist of ASCII")),
        ),
        (
            "ö",
            Some((VALUE, "The parameter Namespace must consist of ASCII")),
        ),
        (" ", Some((VALUE, "The parameter Namespace must include"))),
    ];
    let fixture = Fixture::at_noon().await;
    for (namespace, expected) in cases {
        let request = fixture.client.put_metric_data().namespace(namespace);
        let answer = request.metric_data(valued().build()).send().await;
        match (expected, answer.map_err(|error| refused(&error))) {
            (None, answer) => assert!(answer.is_ok(), "{namespace}: {answer:?}"),
            (Some(_), Ok(_)) => panic!("{namespace}: accepted"),
            (Some((code, message)), Err(refused)) => {
                assert_eq!(refused.code, code, "{namespace}");
                assert!(
                    refused.message.contains(message),
                    "{namespace}: {}",
                    refused.message
                );
            }
        }
    }
}

#[tokio::test]
async fn units_and_resolutions() {
    let mut cases: Vec<Case> = vec![
        ("no unit", valued(), None),
        (
            "Nanoseconds",
            valued().unit(StandardUnit::from("Nanoseconds")),
            Some((
                VALUE,
                ".Unit must be a value in the set [ Seconds, Microseconds,",
            )),
        ),
        (
            "in lower case",
            valued().unit(StandardUnit::from("count")),
            Some((VALUE, ".Unit must be a value in the set")),
        ),
        (
            "empty",
            valued().unit(StandardUnit::from("")),
            Some((VALUE, ".Unit must be a value in the set")),
        ),
        ("1 s", valued().storage_resolution(1), None),
        ("60 s", valued().storage_resolution(60), None),
    ];
    assert_eq!(StandardUnit::values().len(), 27);
    for unit in StandardUnit::values() {
        cases.push((unit, valued().unit(StandardUnit::from(*unit)), None));
    }
    for resolution in [-1, 0, 2, 30, 59, 61, 300, 257] {
        let datum = valued().storage_resolution(resolution);
        cases.push((
            "resolution",
            datum,
            Some((
                VALUE,
                ".StorageResolution must be a value in the set [ 1, 60 ]",
            )),
        ));
    }
    check(cases).await;
}
