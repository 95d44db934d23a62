//! More series than there may be: what means something in a sum is counted exactly, all else is refused by name.

use crate::fixtures::started::InMemory;
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{Matcher, MetricKind, MetricSettings, Refusal};

#[tokio::test]
async fn what_is_beyond_the_limit_is_counted_or_refused() {
    let test = InMemory::new(|builder| {
        let settings = MetricSettings::new().with_max_series(Some(3));
        builder.with_metric_settings(Matcher::any(), settings)
    });
    for _ in 0..2 {
        test.started.record(|| {
            for user in 0..10 {
                let user = user.to_string();
                counter!("requests", "user" => user.clone()).increment(2);
                histogram!("duration", "user" => user.clone()).record(5.0);
                gauge!("open", "user" => user).set(1.0);
            }
        });
    }
    let report = test.started.cloudwatch.flush().await.unwrap();
    let overflow = [("overflow", "true")];
    for user in ["0", "1", "2"] {
        assert_eq!(test.sink.sum("requests", &[("user", user)]), 4.0);
        assert_eq!(test.sink.sum("open", &[("user", user)]), 1.0);
    }
    assert_eq!(test.sink.sum("requests", &overflow), 2.0 * 7.0 * 2.0);
    assert_eq!(test.sink.sum("duration", &overflow), 2.0 * 7.0 * 5.0);
    assert_eq!(test.sink.take().len(), 3 + 1 + 3 + 1 + 3);
    assert_eq!(report.refused.samples, 14);
    let [refused] = report.refusals.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(refused.kind, Some(MetricKind::Gauge));
    assert_eq!(refused.key.name(), "open");
    assert_eq!(
        (&refused.reason, refused.samples),
        (&Refusal::SeriesLimit, 14)
    );
}

#[tokio::test]
async fn all_metrics_share_a_limit() {
    let test = InMemory::new(|builder| builder.with_max_series(Some(4)));
    test.started.record(|| {
        for user in 0..4 {
            let user = user.to_string();
            counter!("one", "user" => user.clone()).increment(1);
            counter!("two", "user" => user).increment(1);
        }
    });
    test.started.flush().await;
    let overflow = [("overflow", "true")];
    assert_eq!(test.sink.sum("one", &overflow), 2.0);
    assert_eq!(test.sink.sum("two", &overflow), 2.0);
    assert_eq!(test.sink.take().len(), 6);
}

#[tokio::test]
async fn names_beyond_the_limit_are_refused_and_counted() {
    let test = InMemory::new(|builder| builder.with_max_names(Some(3)));
    test.started.record(|| {
        for number in 0..10 {
            counter!(format!("n{number}")).increment(2);
        }
        gauge!("n0").set(1.0);
    });
    let report = test.started.cloudwatch.flush().await.unwrap();
    assert_eq!(test.sink.take().len(), 3);
    let mut refused: Vec<_> = report.refusals.iter().map(ToString::to_string).collect();
    refused.sort_unstable();
    let reason = "refused: too many names of metrics";
    let expected = [
        format!("Counter \"*\": 14 {reason}"),
        format!("Gauge \"*\": 1 {reason}"),
    ];
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn dropped_labels_never_become_a_series() {
    let test = InMemory::new(|builder| {
        let settings = MetricSettings::new().with_dropped_labels(["user_id"]);
        builder.with_metric_settings(Matcher::any(), settings)
    });
    test.started.record(|| {
        for user in 0..1_000 {
            let user = user.to_string();
            counter!("requests", "user_id" => user.clone(), "method" => "get").increment(1);
            histogram!("duration", "user_id" => user).record(2.0);
        }
    });
    test.started.flush().await;
    assert_eq!(test.sink.sum("requests", &[("method", "get")]), 1_000.0);
    assert_eq!(test.sink.sum("duration", &[]), 2_000.0);
    assert_eq!(test.sink.take().len(), 2);
}
