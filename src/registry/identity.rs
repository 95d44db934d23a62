//! What CloudWatch knows a series by: its name and the whole set of its dimensions.

use crate::limits;
use crate::refusal::Refusal;
use metrics::{Key, KeyName, Label, SharedString};
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

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: KeyName,
    /// By name.
    pub(crate) dimensions: Box<[Dimension]>,
}

/// The default dimensions, by name.
pub(crate) type Defaults = BTreeMap<SharedString, SharedString>;

impl Identity {
    /// The identity of a [normal](normalize) key.
    pub(crate) fn resolve(key: &Key, defaults: &Defaults) -> Result<Self, Refusal> {
        limits::check_metric_name(key.name()).map_err(Refusal::MetricName)?;
        let mut dimensions = defaults.clone();
        for label in key.labels() {
            let (name, value) = label.clone().into_parts();
            if value.is_empty() {
                dimensions.remove(&name);
            } else {
                dimensions.insert(name, value);
            }
        }
        if dimensions.len() > limits::MAX_DIMENSIONS {
            return Err(Refusal::TooManyDimensions(dimensions.len()));
        }
        for (name, value) in &dimensions {
            check_dimension(name, value)?;
        }
        Ok(Self {
            name: key.name_shared(),
            dimensions: dimensions
                .into_iter()
                .map(|(name, value)| Dimension::new(name, value))
                .collect(),
        })
    }
}

pub(crate) fn check_dimension(name: &SharedString, value: &SharedString) -> Result<(), Refusal> {
    limits::check_dimension_name(name).map_err(|fault| Refusal::DimensionName {
        name: name.clone(),
        fault,
    })?;
    limits::check_dimension_value(value).map_err(|fault| Refusal::DimensionValue {
        name: name.clone(),
        fault,
    })
}

/// The one key that stands for all keys of the same identity, or nothing if `key` is that key.
///
/// Of a label given twice the last one counts. An empty value takes away a default dimension, or
/// says nothing; a label that repeats a default dimension says nothing either.
pub(crate) fn normalize(key: &Key, defaults: &Defaults) -> Option<Key> {
    let mut labels: Vec<&Label> = key.labels().collect();
    labels.sort_by(|a, b| a.key().cmp(b.key()));
    let mut kept = Vec::with_capacity(labels.len());
    for same_name in labels.chunk_by(|a, b| a.key() == b.key()) {
        let label = same_name[same_name.len() - 1];
        let default = defaults.get(label.key());
        let says_nothing = match default {
            Some(default) => **default == *label.value(),
            None => label.value().is_empty(),
        };
        if !says_nothing {
            kept.push(label.clone());
        }
    }
    (kept.len() < labels.len()).then(|| Key::from_parts(key.name_shared(), kept))
}
