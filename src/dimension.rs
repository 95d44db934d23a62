//! Dimensions, and the rules for them.

use crate::limits;
use crate::refusal::Refusal;
use metrics::SharedString;
use std::collections::BTreeMap;

/// A name and a value that a metric is broken down by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Dimension {
    /// 1–255 ASCII characters, at least one of them no space; not starting with a colon.
    pub name: SharedString,
    /// 1–1,024 ASCII characters, at least one of them no space.
    pub value: SharedString,
}

impl Dimension {
    pub(crate) fn new(name: SharedString, value: SharedString) -> Self {
        Self { name, value }
    }
}

/// Dimensions by name, such as the default ones.
pub(crate) type Dimensions = BTreeMap<SharedString, SharedString>;

/// Checks as many dimensions as a metric may have.
pub(crate) fn check(dimensions: &Dimensions) -> Result<(), Refusal> {
    if dimensions.len() > limits::MAX_DIMENSIONS {
        return Err(Refusal::TooManyDimensions(dimensions.len()));
    }
    for (name, value) in dimensions {
        limits::check_dimension_name(name).map_err(|fault| Refusal::DimensionName {
            name: name.clone(),
            fault,
        })?;
        limits::check_dimension_value(value).map_err(|fault| Refusal::DimensionValue {
            name: name.clone(),
            fault,
        })?;
    }
    Ok(())
}
