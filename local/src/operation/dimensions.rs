//! A metric's dimensions, as every operation is given them.

use crate::wire::decode::Structure;
use crate::wire::error::ServiceError;

/// A dimension, before any rule.
#[derive(Debug)]
pub(crate) struct DimensionInput {
    pub(crate) name: Option<String>,
    pub(crate) value: Option<String>,
}

/// The member `Dimensions`; none is the same as an empty list.
pub(crate) fn decode(found: &mut Structure) -> Result<Vec<DimensionInput>, ServiceError> {
    Ok(found
        .structures("Dimensions", dimension)?
        .unwrap_or_default())
}

fn dimension(mut found: Structure) -> Result<DimensionInput, ServiceError> {
    let dimension = DimensionInput {
        name: found.text("Name")?,
        value: found.text("Value")?,
    };
    found.finish()?;
    Ok(dimension)
}
