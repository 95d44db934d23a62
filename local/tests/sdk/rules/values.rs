//! The three forms of a value, and the numbers in them.

use aws_sdk_cloudwatch::types::StatisticSet;

use super::{COMBINATION, MISSING, VALUE, check, valued};
use crate::support::{named, set};

#[tokio::test]
async fn exactly_one_form_of_value() {
    let statistic = set(1.0, 1.0, 1.0, 1.0);
    check(vec![
        (
            "none",
            named("m"),
            Some((MISSING, ".Value, MetricData.member.2.StatisticValues")),
        ),
        ("Value", named("m").value(1.0), None),
        (
            "StatisticValues",
            named("m").statistic_values(statistic.clone()),
            None,
        ),
        ("Values", named("m").values(1.0), None),
        (
            "Values and Counts",
            named("m").values(1.0).counts(2.0),
            None,
        ),
        (
            "Counts alone",
            named("m").counts(2.0),
            Some((MISSING, ".Values is required")),
        ),
        (
            "Value and Counts",
            valued().counts(2.0),
            Some((MISSING, ".Values is required")),
        ),
        (
            "Value and StatisticValues",
            valued().statistic_values(statistic.clone()),
            Some((
                COMBINATION,
                ".Value and MetricData.member.2.StatisticValues are mutually exclusive",
            )),
        ),
        (
            "Value and Values",
            valued().values(1.0),
            Some((
                COMBINATION,
                ".Value and MetricData.member.2.Values are mutually exclusive",
            )),
        ),
        (
            "StatisticValues and Values",
            named("m").statistic_values(statistic).values(1.0),
            Some((
                COMBINATION,
                ".StatisticValues and MetricData.member.2.Values are",
            )),
        ),
    ])
    .await;
}

#[tokio::test]
async fn numbers() {
    let max = 2.0_f64.powi(360);
    let invalid = Some((VALUE, ".Value is invalid"));
    let of = |value| named("m").value(value);
    check(vec![
        ("NaN", of(f64::NAN), invalid),
        ("infinity", of(f64::INFINITY), invalid),
        ("minus infinity", of(f64::NEG_INFINITY), invalid),
        ("the largest", of(max), None),
        ("above it", of(max.next_up()), invalid),
        ("the lowest", of(-max), None),
        ("below it", of((-max).next_down()), invalid),
        ("zero", of(0.0), None),
        ("minus zero", of(-0.0), None),
        ("the smallest", of(8.515_920e-109), None),
        ("smaller", of(8.515_920e-109_f64.next_down()), invalid),
        ("the smallest negative", of(-8.515_920e-109), None),
        (
            "smaller and negative",
            of((-8.515_920e-109_f64).next_up()),
            invalid,
        ),
        (
            "in Values",
            named("m").values(1.0).values(f64::NAN),
            Some((VALUE, ".Values.member.2 is invalid")),
        ),
        (
            "in Counts",
            named("m").values(1.0).counts(f64::INFINITY),
            Some((VALUE, ".Counts.member.1 is invalid")),
        ),
        (
            "in SampleCount",
            named("m").statistic_values(set(f64::NAN, 1.0, 1.0, 1.0)),
            Some((VALUE, ".StatisticValues.SampleCount is invalid")),
        ),
        (
            "in Sum",
            named("m").statistic_values(set(1.0, f64::INFINITY, 1.0, 1.0)),
            Some((VALUE, ".StatisticValues.Sum is invalid")),
        ),
        (
            "in Minimum",
            named("m").statistic_values(set(1.0, 1.0, f64::NAN, 1.0)),
            Some((VALUE, ".StatisticValues.Minimum is invalid")),
        ),
        (
            "in Maximum",
            named("m").statistic_values(set(1.0, 1.0, 1.0, max.next_up())),
            Some((VALUE, ".StatisticValues.Maximum is invalid")),
        ),
    ])
    .await;
}

#[tokio::test]
async fn distributions() {
    let of = |values: Vec<f64>, counts: Option<Vec<f64>>| {
        named("m").set_values(Some(values)).set_counts(counts)
    };
    let many = |count: u8| (0..count).map(f64::from).collect::<Vec<_>>();
    check(vec![
        (
            "none",
            of(vec![], None),
            Some((VALUE, ".Values must not be empty")),
        ),
        ("150", of(many(150), None), None),
        (
            "151",
            of(many(151), None),
            Some((VALUE, ".Values must not have a size greater than 150")),
        ),
        (
            "twice",
            of(vec![1.0, 2.0, 1.0], None),
            Some((VALUE, ".Values must not contain the value 1 more than once")),
        ),
        (
            "zero twice",
            of(vec![0.0, -0.0], None),
            Some((VALUE, ".Values must not contain")),
        ),
        ("150 counts", of(many(150), Some(vec![1.0; 150])), None),
        (
            "a count too few",
            of(vec![1.0, 2.0], Some(vec![1.0])),
            Some((VALUE, ".Counts must be of the same size")),
        ),
        (
            "a count too many",
            of(vec![1.0], Some(vec![1.0, 1.0])),
            Some((VALUE, ".Counts must be of the same size")),
        ),
        (
            "no counts",
            of(vec![1.0], Some(vec![])),
            Some((VALUE, ".Counts must be of the same size")),
        ),
        (
            "a count of zero",
            of(vec![1.0, 2.0], Some(vec![1.0, 0.0])),
            Some((VALUE, ".Counts.member.2 must be greater than 0")),
        ),
        (
            "a negative count",
            of(vec![1.0], Some(vec![-1.0])),
            Some((VALUE, ".Counts.member.1 must be greater than 0")),
        ),
        ("half a count", of(vec![1.0], Some(vec![0.5])), None),
    ])
    .await;
}

#[tokio::test]
async fn statistic_sets() {
    let of = |set| named("m").statistic_values(set);
    let part = StatisticSet::builder;
    check(vec![
        (
            "no SampleCount",
            of(part().sum(1.0).minimum(1.0).maximum(1.0).build()),
            Some((MISSING, ".StatisticValues.SampleCount is required")),
        ),
        (
            "no Sum",
            of(part().sample_count(1.0).minimum(1.0).maximum(1.0).build()),
            Some((MISSING, ".StatisticValues.Sum is required")),
        ),
        (
            "no Minimum",
            of(part().sample_count(1.0).sum(1.0).maximum(1.0).build()),
            Some((MISSING, ".StatisticValues.Minimum is required")),
        ),
        (
            "no Maximum",
            of(part().sample_count(1.0).sum(1.0).minimum(1.0).build()),
            Some((MISSING, ".StatisticValues.Maximum is required")),
        ),
        (
            "no samples",
            of(set(0.0, 0.0, 0.0, 0.0)),
            Some((VALUE, ".StatisticValues.SampleCount must be greater than 0")),
        ),
        (
            "negative count",
            of(set(-1.0, 1.0, 1.0, 1.0)),
            Some((VALUE, ".StatisticValues.SampleCount must be greater than 0")),
        ),
        (
            "minimum above maximum",
            of(set(2.0, 3.0, 2.0, 1.0)),
            Some((VALUE, ".StatisticValues.Maximum must be greater than")),
        ),
        ("minimum at maximum", of(set(2.0, 4.0, 2.0, 2.0)), None),
        ("least sum", of(set(3.0, 3.0, 1.0, 2.0)), None),
        (
            "less",
            of(set(3.0, 2.99, 1.0, 2.0)),
            Some((VALUE, ".StatisticValues.Sum must be between")),
        ),
        ("greatest sum", of(set(3.0, 6.0, 1.0, 2.0)), None),
        (
            "greater",
            of(set(3.0, 6.01, 1.0, 2.0)),
            Some((VALUE, ".StatisticValues.Sum must be between")),
        ),
        ("rounded sum", of(set(3.0, 0.1 + 0.1 + 0.1, 0.1, 0.1)), None),
        (
            "rounded up to 1e-9",
            of(set(1.0, 1.0 + 0.9e-9, 1.0, 1.0)),
            None,
        ),
        (
            "beyond rounding",
            of(set(1.0, 1.0 + 1.1e-9, 1.0, 1.0)),
            Some((VALUE, ".StatisticValues.Sum must be between")),
        ),
        ("negative", of(set(2.0, -3.0, -2.0, -1.0)), None),
    ])
    .await;
}
