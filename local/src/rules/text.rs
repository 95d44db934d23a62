//! Names: of namespaces, metrics, dimensions and units.

use super::Violations;
use super::limits::{
    MAX_DIMENSION_NAME, MAX_DIMENSION_VALUE, MAX_METRIC_NAME, MAX_NAMESPACE, RESERVED_NAMESPACE,
    UNITS,
};
use crate::wire::place::Place;

pub(crate) fn namespace(found: Option<&str>, place: &Place, violations: &mut Violations) {
    let Some(found) = name(found, MAX_NAMESPACE, place, violations) else {
        return;
    };
    no_colon_first(found, place, violations);
    if found.starts_with(RESERVED_NAMESPACE) {
        violations.out_of_range(place, RESERVED_NAMESPACE);
    }
}

/// API `MetricDatum`, which says the length only. The other rules are this crate's reading, unless it `takes_any`.
pub(crate) fn metric_name(
    found: Option<&str>,
    place: &Place,
    takes_any: bool,
    violations: &mut Violations,
) {
    if takes_any {
        required(found, MAX_METRIC_NAME, place, violations);
    } else {
        name(found, MAX_METRIC_NAME, place, violations);
    }
}

pub(crate) fn dimension_name(found: Option<&str>, place: &Place, violations: &mut Violations) {
    if let Some(found) = name(found, MAX_DIMENSION_NAME, place, violations) {
        no_colon_first(found, place, violations);
    }
}

pub(crate) fn dimension_value(found: Option<&str>, place: &Place, violations: &mut Violations) {
    name(found, MAX_DIMENSION_VALUE, place, violations);
}

/// A unit may be absent, everywhere.
pub(crate) fn unit(found: Option<&str>, place: &Place, violations: &mut Violations) {
    if found.is_some_and(|found| !UNITS.contains(&found)) {
        violations.not_in_set(place, &UNITS);
    }
}

/// API `Dimension` for dimensions, and for namespaces the user guide's "CloudWatch concepts":
/// ASCII, at least one character that is no white space.
fn name<'t>(
    found: Option<&'t str>,
    limit: usize,
    place: &Place,
    violations: &mut Violations,
) -> Option<&'t str> {
    let found = required(found, limit, place, violations)?;
    if !found.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        violations.invalid(
            place,
            "must consist of ASCII characters without control characters",
        );
    } else if found.trim_ascii().is_empty() {
        violations.invalid(
            place,
            "must include at least one character that is not white space",
        );
    }
    Some(found)
}

/// Readers may ask for any name of the right length: there may be no such metric, but there is no
/// fault in asking. The service reports an empty string as one that is missing.
pub(crate) fn required<'t>(
    found: Option<&'t str>,
    limit: usize,
    place: &Place,
    violations: &mut Violations,
) -> Option<&'t str> {
    let Some(found) = found.filter(|found| !found.is_empty()) else {
        violations.missing(place);
        return None;
    };
    if found.chars().count() > limit {
        violations.invalid(
            place,
            format_args!("must be shorter than {} characters", limit + 1),
        );
    }
    Some(found)
}

fn no_colon_first(found: &str, place: &Place, violations: &mut Violations) {
    if found.starts_with(':') {
        violations.invalid(place, "must not start with a colon");
    }
}
