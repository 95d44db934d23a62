//! Which values they are, and which data have them.

use aws_sdk_cloudwatch::types::{Datapoint, StandardUnit};

use super::{datum, read, sums};
use crate::support::{Fixture, NOON, at, named, set};

#[tokio::test]
async fn percentiles_are_nearest_ranks_of_what_was_sent() {
    let fixture = Fixture::at_noon().await;
    let hundred = (1..=100).map(|n| datum(f64::from(n)));
    fixture.put(hundred).await;
    let minute = at(NOON + 60);
    // 1 once, 10 nine times, 100 ninety times.
    let weighted = named("m").values(100.0).values(1.0).values(10.0);
    fixture
        .put([weighted
            .counts(90.0)
            .counts(1.0)
            .counts(9.0)
            .timestamp(minute)])
        .await;

    let ranks = [
        "p0", "p0.0", "p1", "p1.5", "p7", "p10", "p10.01", "p50", "p99.9", "p100",
    ];
    let names = ranks.iter().map(ToString::to_string).collect();
    let output = read(&fixture)
        .set_extended_statistics(Some(names))
        .send()
        .await
        .unwrap();
    let expected = [
        [1.0, 1.0, 1.0, 2.0, 7.0, 10.0, 11.0, 50.0, 100.0, 100.0],
        [1.0, 1.0, 1.0, 10.0, 10.0, 10.0, 100.0, 100.0, 100.0, 100.0],
    ];
    assert_eq!(output.datapoints().len(), 2);
    for (point, expected) in output.datapoints().iter().zip(expected) {
        let found = point.extended_statistics().unwrap();
        assert_eq!(ranks.map(|rank| found[rank]), expected);
        assert_eq!(point.sum(), None);
    }
}

#[tokio::test]
async fn what_has_no_percentiles() {
    let cases = vec![
        ("single values", datum(1.0), true),
        ("a distribution", named("m").values(1.0).values(2.0), true),
        (
            "a set of one sample",
            named("m").statistic_values(set(1.0, 5.0, 5.0, 5.0)),
            true,
        ),
        (
            "a set of equal samples",
            named("m").statistic_values(set(3.0, 15.0, 5.0, 5.0)),
            true,
        ),
        (
            "a set",
            named("m").statistic_values(set(3.0, 6.0, 1.0, 5.0)),
            false,
        ),
        ("a negative value", datum(-1.0), false),
        (
            "a negative value of several",
            named("m").values(1.0).values(-1.0),
            false,
        ),
        ("zero", datum(0.0), true),
    ];
    for (name, datum, expected) in cases {
        let fixture = Fixture::at_noon().await;
        // Its neighbours lose theirs with it; other periods and other units do not.
        fixture
            .put([
                datum,
                named("m").value(7.0),
                named("m").value(8.0).timestamp(at(NOON + 60)),
                named("m").value(9.0).unit(StandardUnit::Count),
            ])
            .await;
        let output = read(&fixture)
            .extended_statistics("p100")
            .send()
            .await
            .unwrap();
        let of = |point: &Datapoint| point.extended_statistics().unwrap()["p100"];
        let found: Vec<_> = output.datapoints().iter().map(of).collect();
        let without = vec![9.0, 8.0];
        let with = vec![9.0, 7.0, 8.0];
        assert_eq!(found, if expected { with } else { without }, "{name}");
        assert_eq!(sums(read(&fixture)).await.len(), 3, "{name}");
    }
}

/// 16.1 × 1000 / 100 is more than 161 in floating point.
#[tokio::test]
async fn rounding_does_not_move_a_rank() {
    let fixture = Fixture::at_noon().await;
    fixture.put((1..=1_000).map(|n| datum(f64::from(n)))).await;
    let output = read(&fixture)
        .extended_statistics("p16.1")
        .send()
        .await
        .unwrap();
    let found = output.datapoints()[0].extended_statistics().unwrap();
    assert_eq!(found["p16.1"], 161.0);
}
