//! What breaks a rule is refused by name and reason, and loses no neighbour.

use crate::fixtures::started::InMemory;
use metrics::{Label, Unit, counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_cloudwatch::limits::{TextFault, ValueFault};
use metrics_exporter_cloudwatch::{HistogramForm, Matcher, MetricSettings, Refusal, Refused};
use std::time::Duration;

/// Records something bad beside something good, and gives what was refused.
async fn refused(test: &InMemory, record: impl FnOnce()) -> Vec<Refused> {
    test.started.record(|| {
        counter!("neighbour").increment(1);
        record();
    });
    let report = test.started.cloudwatch.flush().await.unwrap();
    assert_eq!(report.delivered.data, test.sink.data().len() as u64);
    assert!(
        test.sink
            .take()
            .iter()
            .any(|datum| datum.name() == "neighbour")
    );
    report.refusals
}

#[tokio::test]
async fn a_series_that_breaks_a_rule_is_refused_by_name_and_reason() {
    let test = InMemory::new(|builder| builder.with_dimension("service", "checkout"));
    let long = "x".repeat(256);
    let many: Vec<Label> = (0..30).map(|n| Label::new(format!("d{n}"), "v")).collect();
    let name = |fault| Refusal::MetricName(fault);
    let too_long = TextFault::TooLong {
        chars: 256,
        limit: 255,
    };
    for (metric, labels, reason) in [
        (String::new(), vec![], name(TextFault::Empty)),
        (long.clone(), vec![], name(too_long)),
        ("🦀".repeat(256), vec![], name(too_long)),
        (
            "m".into(),
            many,
            Refusal::TooManyDimensions {
                dimensions: 31,
                limit: 30,
            },
        ),
        (
            "m".into(),
            vec![Label::new(":x", "v")],
            Refusal::DimensionName {
                name: ":x".into(),
                fault: TextFault::LeadingColon,
            },
        ),
        (
            "m".into(),
            vec![Label::new(long.clone(), "v")],
            Refusal::DimensionName {
                name: long.into(),
                fault: too_long,
            },
        ),
        (
            "m".into(),
            vec![Label::new("path", "\u{7}")],
            Refusal::DimensionValue {
                name: "path".into(),
                fault: TextFault::ControlCharacter,
            },
        ),
    ] {
        let refused = refused(&test, || {
            counter!(metric.clone(), labels.clone()).increment(5);
            histogram!(metric.clone(), labels.clone()).record_many(1, 7);
        })
        .await;
        let samples: Vec<u64> = refused.iter().map(|refused| refused.samples).collect();
        assert_eq!(samples, [5, 7], "{reason}");
        for refused in refused {
            assert_eq!(refused.reason, reason);
            assert_eq!(refused.key.name(), metric);
        }
    }
    let stats = test.started.cloudwatch.stats();
    assert_eq!(stats.refused.samples, 7 * (5 + 7));
    assert_eq!(test.started.cloudwatch.refusals().len(), 2 * 7);
}

#[tokio::test]
async fn labels_that_contradict_each_other_are_refused_in_any_order() {
    let test = InMemory::new(|builder| builder.with_dimension("m", "1"));
    let refused = refused(&test, || {
        counter!("n", "m" => "1", "m" => "2").increment(1);
        counter!("n", "m" => "2", "m" => "1").increment(2);
        counter!("n", "m" => "", "m" => "2").increment(4);
    })
    .await;
    assert_eq!(
        refused.iter().map(|refused| refused.samples).sum::<u64>(),
        7
    );
    for refused in refused {
        assert_eq!(refused.reason, Refusal::AmbiguousDimension("m".into()));
    }
}

#[tokio::test]
async fn a_gauge_that_cannot_be_sent_is_refused_once() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| {
        gauge!("n", "path" => "ü").set(5);
        describe_gauge!("g", Unit::Tebibytes, "");
        gauge!("g").set(2f64.powi(350));
    });
    for _ in 0..5 {
        test.started.advance(Duration::from_mins(1)).await;
    }
    assert_eq!(test.started.cloudwatch.stats().refused.samples, 2);
    test.started.flush().await;
}

#[tokio::test]
async fn a_flush_right_after_a_windows_end_tells_of_that_window() {
    let test = InMemory::new(|builder| builder);
    test.started.settle().await;
    test.started.record(|| histogram!("h").record(f64::NAN));
    // The exporter sees both at once.
    test.started.clock.advance(Duration::from_mins(1));
    let report = test.started.cloudwatch.flush().await.unwrap();
    assert_eq!(report.refusals.len(), 1);
}

#[tokio::test]
async fn values_that_cloudwatch_refuses_are_counted_and_leave_the_others() {
    let test = InMemory::new(|builder| builder);
    let refused = refused(&test, || {
        histogram!("h").record(f64::NAN);
        histogram!("h").record_many(f64::INFINITY, 3);
        histogram!("h").record(1e300);
        histogram!("h").record(2.0);
        gauge!("g").set(f64::NEG_INFINITY);
        histogram!("nothing good").record(f64::NAN);
    })
    .await;
    let found: Vec<_> = refused
        .iter()
        .map(|refused| (refused.key.name(), refused.reason.clone(), refused.samples))
        .collect();
    let value = Refusal::Value;
    assert_eq!(
        found,
        [
            ("g", value(ValueFault::Infinite), 1),
            ("h", value(ValueFault::NotANumber), 1),
            ("h", value(ValueFault::Infinite), 3),
            ("h", value(ValueFault::OutOfRange), 1),
            ("nothing good", value(ValueFault::NotANumber), 1),
        ]
    );
}

#[tokio::test]
async fn values_that_the_scale_takes_out_of_range_are_refused() {
    let out_of_range = Refusal::Value(ValueFault::OutOfRange);
    for (form, kept) in [
        (HistogramForm::Distribution, 3),
        (HistogramForm::StatisticSet, 0),
    ] {
        let test = InMemory::new(|builder| {
            builder.with_metric_settings(
                Matcher::any(),
                MetricSettings::new().with_histogram_form(form),
            )
        });
        let refused = refused(&test, || {
            describe_histogram!("h", Unit::Tebibytes, "");
            histogram!("h").record_many(2f64.powi(350), 2);
            histogram!("h").record_many(1.0, 3);
        })
        .await;
        assert_eq!(refused[0].reason, out_of_range);
        assert_eq!(refused[0].samples, 5 - kept, "{form:?}");
    }
}

#[test]
fn a_refusal_reads_well() {
    let refused = |reason, name: &str, labels: Vec<Label>| {
        let sink = metrics_exporter_cloudwatch::MemorySink::new();
        let (recorder, exporter) = metrics_exporter_cloudwatch::CloudWatchBuilder::new("Test")
            .with_sink("test", sink)
            .build()
            .unwrap();
        let cloudwatch = exporter.handle();
        exporter.run_on_thread().unwrap();
        metrics::with_local_recorder(&recorder, || {
            counter!(name.to_owned(), labels).increment(2);
        });
        let report = cloudwatch.shutdown().blocking().unwrap();
        assert_eq!(report.refusals[0].to_string(), reason);
    };
    refused(
        r#"Counter "requests" {"path"="ü", "m"="1"}: 2 refused: the value of dimension "path" has a character that is not ASCII"#,
        "requests",
        vec![Label::new("path", "ü"), Label::new("m", "1")],
    );
    refused(
        r#"Counter "": 2 refused: the metric's name is empty"#,
        "",
        vec![],
    );
}
