//! The exact size of a request, as the SDK writes it.

use super::cbor_len::{DOUBLE, MAP, TIMESTAMP, head, text};
use super::unit_name;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, DatumValue};
use crate::model::storage_resolution::StorageResolution;

/// What a datum adds to a request, the envelope included if it is the first.
pub(crate) fn added(batch: &Batch, added: &Datum) -> usize {
    let (namespace, before) = (batch.namespace(), batch.data().len());
    let envelope = match before {
        0 => envelope(namespace, 1),
        before => head(before + 1) - head(before),
    };
    envelope + datum(added)
}

/// A request without its data: the namespace, and the array's name and head.
fn envelope(namespace: &str, data: usize) -> usize {
    MAP + text("Namespace") + text(namespace) + text("MetricData") + head(data)
}

fn datum(datum: &Datum) -> usize {
    let unit = datum.unit;
    MAP + datum.identity_len(|| identity(datum))
        + text("Timestamp")
        + TIMESTAMP
        + value(&datum.value)
        + unit.map_or(0, |unit| {
            text("Unit") + text(unit_name::name(unit).unwrap_or_default())
        })
        + text("StorageResolution")
        + storage_resolution(datum.storage_resolution)
}

/// Name and dimensions.
fn identity(datum: &Datum) -> usize {
    let name = text("MetricName") + text(datum.name());
    let each = datum
        .dimensions()
        .map(|(name, value)| MAP + text("Name") + text(name) + text("Value") + text(value));
    let (count, len) = each.fold((0, 0), |(count, len), each| (count + 1, len + each));
    match count {
        0 => name,
        _ => name + text("Dimensions") + head(count) + len,
    }
}

fn value(value: &DatumValue) -> usize {
    match value {
        DatumValue::Number(_) => text("Value") + DOUBLE,
        // Buckets, which a journal may have for another sink, go as a statistic set.
        DatumValue::StatisticSet(_) | DatumValue::Buckets(_) | DatumValue::Total(_) => {
            let members = ["SampleCount", "Sum", "Minimum", "Maximum"];
            let members: usize = members.into_iter().map(|name| text(name) + DOUBLE).sum();
            text("StatisticValues") + MAP + members
        }
        DatumValue::Values(values) => {
            let numbers = head(values.iter().len()) + values.iter().len() * DOUBLE;
            text("Values") + text("Counts") + 2 * numbers
        }
    }
}

/// 1 fits the head of an integer, 60 takes a byte more.
fn storage_resolution(resolution: StorageResolution) -> usize {
    head(usize::from(resolution.seconds()))
}
