//! Which dimensions a series has, and which keys are the same series.

use crate::fixtures::started::InMemory;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, Datum};

fn defaults(builder: CloudWatchBuilder) -> CloudWatchBuilder {
    builder
        .with_dimension("service", "checkout")
        .with_dimension("zone", "a")
}

fn dimensions(datum: &Datum) -> Vec<(&str, &str)> {
    datum.dimensions().collect()
}

#[tokio::test]
async fn the_same_labels_in_another_order_are_the_same_series() {
    let test = InMemory::new(|builder| builder);
    let record = || {
        counter!("n", "a" => "1", "b" => "2").increment(1);
        counter!("n", "b" => "2", "a" => "1").increment(2);
        counter!("n", "a" => "2", "b" => "1").increment(4);
    };
    test.data_of(record).await;
    test.data_of(record).await;
    let data = test.data_of(record).await;
    assert_eq!(data.len(), 2);
    assert_eq!(dimensions(&data[0]), [("a", "1"), ("b", "2")]);
    assert_eq!(data[0].value().statistics().sum, 3.0);
}

#[tokio::test]
async fn default_dimensions_are_added_overridden_and_taken_away() {
    let test = InMemory::new(defaults);
    for (labels, expected) in [
        (vec![], vec![("service", "checkout"), ("zone", "a")]),
        (
            vec![("method", "GET")],
            vec![("method", "GET"), ("service", "checkout"), ("zone", "a")],
        ),
        (
            vec![("zone", "b")],
            vec![("service", "checkout"), ("zone", "b")],
        ),
        (vec![("zone", "")], vec![("service", "checkout")]),
        (vec![("zone", ""), ("service", "")], vec![]),
        (
            vec![("other", "")],
            vec![("service", "checkout"), ("zone", "a")],
        ),
        (
            vec![("m", "1"), ("m", "1")],
            vec![("m", "1"), ("service", "checkout"), ("zone", "a")],
        ),
    ] {
        let data = test.data_of(|| counter!("n", &labels).increment(1)).await;
        assert_eq!(data.len(), 1, "{labels:?}");
        assert_eq!(dimensions(&data[0]), expected, "{labels:?}");
    }
}

#[tokio::test]
async fn labels_that_say_the_same_are_one_series_and_one_datum() {
    let test = InMemory::new(defaults);
    let record = || {
        counter!("n").increment(1);
        counter!("n", "zone" => "a").increment(2);
        counter!("n", "zone" => "a", "zone" => "a").increment(4);
        counter!("n", "nothing" => "", "service" => "checkout").increment(8);
    };
    for _ in 0..2 {
        let data = test.data_of(record).await;
        assert_eq!(data.len(), 1);
        assert_eq!(data[0].value().statistics().sum, 15.0);
    }
}
