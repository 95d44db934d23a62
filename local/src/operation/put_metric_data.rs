//! `PutMetricData`: decoding. The rules are in `rules`, the storing in `store`.

use super::dimensions::{self, DimensionInput};
use crate::wire::decode::{self, Structure};
use crate::wire::error::ServiceError;
use crate::wire::place::Place;

/// A request, before any rule.
pub(crate) struct Input {
    pub(crate) namespace: Option<String>,
    pub(crate) data: Vec<DatumInput>,
    pub(crate) has_entities: bool,
}

/// A datum, before any rule.
pub(crate) struct DatumInput {
    pub(crate) place: Place,
    pub(crate) metric_name: Option<String>,
    pub(crate) dimensions: Vec<DimensionInput>,
    pub(crate) timestamp: Option<f64>,
    pub(crate) value: Option<f64>,
    pub(crate) statistic: Option<StatisticInput>,
    pub(crate) values: Option<Vec<f64>>,
    pub(crate) counts: Option<Vec<f64>>,
    pub(crate) unit: Option<String>,
    pub(crate) storage_resolution: Option<i64>,
}

/// A statistic set, before any rule.
pub(crate) struct StatisticInput {
    pub(crate) sample_count: Option<f64>,
    pub(crate) sum: Option<f64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
}

pub(crate) fn decode(raw: &[u8]) -> Result<Input, ServiceError> {
    let mut body = decode::body(raw)?;
    let input = Input {
        namespace: body.text("Namespace")?,
        data: body.structures("MetricData", datum)?.unwrap_or_default(),
        has_entities: body.discard("EntityMetricData"),
    };
    // It rules over entities only.
    body.boolean("StrictEntityValidation")?;
    body.finish()?;
    Ok(input)
}

fn datum(mut found: Structure) -> Result<DatumInput, ServiceError> {
    let datum = DatumInput {
        place: found.place().clone(),
        metric_name: found.text("MetricName")?,
        dimensions: dimensions::decode(&mut found)?,
        timestamp: found.timestamp("Timestamp")?,
        value: found.number("Value")?,
        statistic: found
            .structure("StatisticValues")?
            .map(statistic)
            .transpose()?,
        values: found.numbers("Values")?,
        counts: found.numbers("Counts")?,
        unit: found.text("Unit")?,
        storage_resolution: found.integer("StorageResolution")?,
    };
    found.finish()?;
    Ok(datum)
}

fn statistic(mut found: Structure) -> Result<StatisticInput, ServiceError> {
    let statistic = StatisticInput {
        sample_count: found.number("SampleCount")?,
        sum: found.number("Sum")?,
        minimum: found.number("Minimum")?,
        maximum: found.number("Maximum")?,
    };
    found.finish()?;
    Ok(statistic)
}
