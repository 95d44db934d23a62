//! The exact size of a request, as the SDK writes it: CBOR with maps of indefinite length, arrays
//! and texts of definite length, and numbers as doubles.

use super::datum::{DatumValue, MetricDatum};
use crate::window::StorageResolution;

/// The opening of a map of indefinite length, and its end.
const MAP: usize = 2;
const DOUBLE: usize = 9;
/// Tag 1, and the seconds as a double.
const TIMESTAMP: usize = 1 + DOUBLE;

/// A request without its data: the namespace, and the array's name and head.
pub(crate) fn envelope(namespace: &str, data: usize) -> usize {
    MAP + text("Namespace") + text(namespace) + text("MetricData") + head(data)
}

pub(crate) fn datum(datum: &MetricDatum) -> usize {
    let dimensions: usize = datum
        .dimensions()
        .iter()
        .map(|dimension| {
            MAP + text("Name") + text(&dimension.name) + text("Value") + text(&dimension.value)
        })
        .sum();
    let dimensions = match datum.dimensions().len() {
        0 => 0,
        count => text("Dimensions") + head(count) + dimensions,
    };
    let unit = datum.unit;
    MAP + text("MetricName")
        + text(datum.name())
        + dimensions
        + text("Timestamp")
        + TIMESTAMP
        + value(&datum.value)
        + unit.map_or(0, |unit| text("Unit") + text(unit.as_str()))
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

fn text(text: &str) -> usize {
    head(text.len()) + text.len()
}

/// The head of a text, an array or an integer.
fn head(length: usize) -> usize {
    match length {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
