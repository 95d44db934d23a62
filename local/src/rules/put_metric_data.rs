//! A whole `PutMetricData` request.

use std::time::SystemTime;

use super::limits::MAX_DATA;
use super::{Violations, datum, text};
use crate::operation::put_metric_data::Input;
use crate::received::ReceivedDatum;
use crate::wire::error::ServiceError;
use crate::wire::place::Place;

/// All of a request's data, or the error with which all of it is refused.
pub(crate) fn check(
    input: Input,
    now: SystemTime,
    takes_any_metric_name: bool,
) -> Result<Vec<ReceivedDatum>, ServiceError> {
    let mut violations = Violations::default();
    let place = Place::default();
    text::namespace(
        input.namespace.as_deref(),
        &place.member("Namespace"),
        &mut violations,
    );
    if input.has_entities {
        let place = place.member("EntityMetricData");
        violations.invalid(&place, "is not supported by cloudwatch-local");
    }
    let metric_data = place.member("MetricData");
    if input.data.is_empty() {
        violations.missing(&metric_data);
    }
    if input.data.len() > MAX_DATA {
        violations.too_many(&metric_data, MAX_DATA);
        return violations.into_result().map(|()| Vec::new());
    }
    let namespace = input.namespace.unwrap_or_default();
    let data: Vec<_> = input
        .data
        .into_iter()
        .filter_map(|datum| {
            datum::check(
                datum,
                &namespace,
                now,
                takes_any_metric_name,
                &mut violations,
            )
        })
        .collect();
    violations.into_result()?;
    Ok(data)
}
