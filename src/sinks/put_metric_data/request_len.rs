//! The exact size of a request, as the SDK writes it.

use super::cbor_len::{DOUBLE, MAP, TIMESTAMP, head, text};
use super::unit_name;
use crate::collect::window::StorageResolution;
use crate::model::datum::{Datum, DatumValue};

/// A request without its data: the namespace, and the array's name and head.
pub(crate) fn envelope(namespace: &str, data: usize) -> usize {
    MAP + text("Namespace") + text(namespace) + text("MetricData") + head(data)
}

pub(crate) fn datum(datum: &Datum) -> usize {
    let unit = datum.unit;
    MAP + datum.identity.encoded_len()
        + text("Timestamp")
        + TIMESTAMP
        + value(&datum.value)
        + unit.map_or(0, |unit| {
            text("Unit") + text(unit_name::name(unit).unwrap_or_default())
        })
        + text("StorageResolution")
        + storage_resolution(datum.storage_resolution)
}

fn value(value: &DatumValue) -> usize {
    match value {
        DatumValue::Single(_) => text("Value") + DOUBLE,
        DatumValue::Statistic(_) => {
            let members = ["SampleCount", "Sum", "Minimum", "Maximum"];
            let members: usize = members.into_iter().map(|name| text(name) + DOUBLE).sum();
            text("StatisticValues") + MAP + members
        }
        DatumValue::Distribution { values, counts } => {
            text("Values")
                + head(values.len())
                + values.len() * DOUBLE
                + text("Counts")
                + head(counts.len())
                + counts.len() * DOUBLE
        }
    }
}

/// 1 fits the head of an integer, 60 takes a byte more.
fn storage_resolution(resolution: StorageResolution) -> usize {
    head(usize::from(resolution.seconds()))
}
