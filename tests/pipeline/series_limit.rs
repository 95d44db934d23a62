//! More series than there may be: what means something in a sum is counted exactly, all else is refused by name.

use crate::fixtures::started::InMemory;
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{MetricKind, Refusal};

#[tokio::test]
async fn what_is_beyond_the_limit_is_counted_or_refused() {
    let test = InMemory::new(|builder| builder.with_max_series_per_metric(Some(3)));
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
    assert_eq!(report.samples_refused, 14);
    let [refused] = report.refused.as_slice() else {
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
