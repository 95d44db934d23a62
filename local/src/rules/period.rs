//! The time range and the period of a read.

use super::Violations;
use crate::aggregate::Window;
use crate::clock;
use crate::wire::place::Place;

/// API `GetMetricStatistics`: periods below a minute, for data of high resolution.
const SUB_MINUTE: [i64; 5] = [1, 5, 10, 20, 30];

/// A period in seconds, if it is one that the service has.
pub(crate) fn check(found: Option<i64>, place: &Place, violations: &mut Violations) -> Option<i64> {
    let Some(period) = found else {
        violations.missing(place);
        return None;
    };
    // The type of the service's model, and enough to leave room to calculate.
    let in_range = (1..=i64::from(i32::MAX)).contains(&period);
    if in_range && (period % 60 == 0 || SUB_MINUTE.contains(&period)) {
        return Some(period);
    }
    violations.invalid(place, "must be 1, 5, 10, 20, 30 or a multiple of 60");
    None
}

/// The range from `StartTime`, included, to `EndTime`, excluded, in milliseconds since the epoch.
pub(crate) fn range(
    start: Option<f64>,
    end: Option<f64>,
    violations: &mut Violations,
) -> Option<(i64, i64)> {
    let [start_place, end_place] = ["StartTime", "EndTime"].map(|n| Place::default().member(n));
    let start = instant(start, &start_place, violations);
    let end = instant(end, &end_place, violations);
    let (start, end) = (start?, end?);
    if start == end {
        violations.invalid(&start_place, "must not equal parameter EndTime");
    } else if start > end {
        violations.invalid(&start_place, "must be less than the parameter EndTime");
    }
    (start < end).then_some((start, end))
}

/// The most that one call of `GetMetricStatistics` returns; API `GetMetricStatistics`.
const MAX_DATAPOINTS: i64 = 1_440;

/// The number of datapoints that a window may have, whether or not there are data for them.
pub(crate) fn datapoints(window: &Window, violations: &mut Violations) {
    let requested = window.periods();
    if requested > MAX_DATAPOINTS {
        violations.combination(format!(
            "You have requested up to {requested} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        ));
    }
}

fn instant(found: Option<f64>, place: &Place, violations: &mut Violations) -> Option<i64> {
    let Some(seconds) = found else {
        violations.missing(place);
        return None;
    };
    // A year that people write with four digits is enough, and leaves room to calculate too.
    let time = clock::from_seconds(seconds).filter(|_| seconds.abs() < 2.6e11);
    if time.is_none() {
        violations.out_of_range(place, super::number::Shown(seconds));
    }
    time.map(clock::millis)
}
