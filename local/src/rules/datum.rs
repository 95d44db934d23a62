//! One datum of `PutMetricData`.

use std::time::SystemTime;

use super::limits::{MAX_AGE, MAX_AHEAD, RESOLUTIONS};
use super::{Violations, dimensions, text, value};
use crate::clock;
use crate::operation::put_metric_data::DatumInput;
use crate::received::ReceivedDatum;

/// The datum as it will be stored, if there were no violations; otherwise it is not to be used.
pub(crate) fn check(
    datum: DatumInput,
    namespace: &str,
    now: SystemTime,
    takes_any_metric_name: bool,
    violations: &mut Violations,
) -> Option<ReceivedDatum> {
    let place = &datum.place;
    text::metric_name(
        datum.metric_name.as_deref(),
        &place.member("MetricName"),
        takes_any_metric_name,
        violations,
    );
    dimensions::check(&datum.dimensions, &place.member("Dimensions"), violations);
    let timestamp = timestamp(&datum, now, violations);
    let value = value::check(&datum, violations);
    text::unit(datum.unit.as_deref(), &place.member("Unit"), violations);
    let storage_resolution = storage_resolution(&datum, violations);

    let dimensions = datum
        .dimensions
        .into_iter()
        .map(|dimension| Some((dimension.name?, dimension.value?)));
    Some(ReceivedDatum {
        namespace: namespace.to_owned(),
        metric_name: datum.metric_name?,
        dimensions: dimensions.collect::<Option<_>>()?,
        timestamp: timestamp?,
        value: value?,
        unit: datum.unit,
        storage_resolution: storage_resolution?,
    })
}

fn timestamp(
    datum: &DatumInput,
    now: SystemTime,
    violations: &mut Violations,
) -> Option<SystemTime> {
    let place = datum.place.member("Timestamp");
    let Some(seconds) = datum.timestamp else {
        return Some(now);
    };
    let Some(timestamp) = clock::from_seconds(seconds) else {
        violations.out_of_range(&place, super::number::Shown(seconds));
        return None;
    };
    if now.duration_since(timestamp).is_ok_and(|age| age > MAX_AGE) {
        violations.invalid(&place, "must specify a time within the past two weeks");
    }
    if timestamp
        .duration_since(now)
        .is_ok_and(|ahead| ahead > MAX_AHEAD)
    {
        violations.invalid(
            &place,
            "must specify a time no more than two hours in the future",
        );
    }
    Some(timestamp)
}

fn storage_resolution(datum: &DatumInput, violations: &mut Violations) -> Option<u8> {
    let Some(found) = datum.storage_resolution else {
        return Some(60);
    };
    let resolution = u8::try_from(found)
        .ok()
        .filter(|found| RESOLUTIONS.contains(found));
    if resolution.is_none() {
        violations.not_in_set(&datum.place.member("StorageResolution"), &RESOLUTIONS);
    }
    resolution
}
