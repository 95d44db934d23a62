//! What cannot be asked for.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::Statistic;

use super::{ALL, read};
use crate::support::{Fixture, NOON, at, dimension, refused};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table, a line to a case")]
async fn what_cannot_be_read_is_refused() {
    const VALUE: &str = "InvalidParameterValue";
    const COMBINATION: &str = "InvalidParameterCombination";
    const MISSING: &str = "MissingParameter";
    let fixture = Fixture::at_noon().await;
    let bare = || read(&fixture);
    let sum = || bare().statistics(Statistic::Sum);
    let twice = || {
        sum()
            .dimensions(dimension("d", "1"))
            .dimensions(dimension("d", "2"))
    };
    let long = |periods: u64| sum().start_time(at(NOON)).end_time(at(NOON + 60 * periods));
    let cases = vec![
        (sum().set_namespace(None), MISSING, "Namespace is required"),
        (
            sum().set_metric_name(None),
            MISSING,
            "MetricName is required",
        ),
        (sum().set_start_time(None), MISSING, "StartTime is required"),
        (sum().set_end_time(None), MISSING, "EndTime is required"),
        (sum().set_period(None), MISSING, "Period is required"),
        (
            sum().end_time(at(NOON - 1_800)),
            VALUE,
            "StartTime must not equal parameter EndTime",
        ),
        (
            sum().end_time(at(NOON - 1_801)),
            VALUE,
            "StartTime must be less than the parameter EndTime",
        ),
        (
            sum().end_time(DateTime::from_secs_f64(1e18)),
            VALUE,
            "for parameter EndTime is invalid",
        ),
        (sum().period(0), VALUE, "Period must be"),
        (sum().period(-60), VALUE, "Period must be"),
        (sum().period(2), VALUE, "Period must be"),
        (sum().period(90), VALUE, "Period must be"),
        (
            bare(),
            COMBINATION,
            "Must specify either Statistics or ExtendedStatistics",
        ),
        (
            sum().extended_statistics("p50"),
            COMBINATION,
            "mutually exclusive",
        ),
        (
            bare().statistics("Median".into()),
            VALUE,
            "Statistics.member.1 must be a value in the set",
        ),
        (
            sum().set_statistics(Some([ALL.as_slice(), &ALL].concat())),
            VALUE,
            "size greater than 5",
        ),
        (
            bare()
                .extended_statistics("p50")
                .extended_statistics("tm99"),
            VALUE,
            "ExtendedStatistics.member.2 must be a percentile",
        ),
        (
            bare().extended_statistics("p100.1"),
            VALUE,
            "must be a percentile",
        ),
        (
            bare().extended_statistics("p"),
            VALUE,
            "must be a percentile",
        ),
        (
            bare().extended_statistics("p1."),
            VALUE,
            "must be a percentile",
        ),
        (
            bare().extended_statistics("p-1"),
            VALUE,
            "must be a percentile",
        ),
        (
            bare().extended_statistics("p1e1"),
            VALUE,
            "must be a percentile",
        ),
        (
            bare().set_extended_statistics(Some(vec!["p1".to_owned(); 11])),
            VALUE,
            "size greater than 10",
        ),
        (
            sum().unit("Nanoseconds".into()),
            VALUE,
            "Unit must be a value in the set",
        ),
        (twice(), VALUE, "Dimensions.member.2.Name must not be"),
        (
            long(1_441),
            COMBINATION,
            "You have requested up to 1441 datapoints, which exceeds the limit of 1440.",
        ),
    ];
    for (request, code, message) in cases {
        let refused = refused(&request.send().await.unwrap_err());
        assert_eq!(refused.code, code, "{message}: {}", refused.message);
        assert!(refused.message.contains(message), "{}", refused.message);
    }
    long(1_440).send().await.unwrap();
}
