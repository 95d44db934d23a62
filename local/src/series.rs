//! What makes a metric: namespace, name and the whole set of dimensions, in any order.

use std::collections::BTreeMap;

use crate::operation::dimensions::DimensionInput;
use crate::received::ReceivedDatum;

/// The identity of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Series {
    pub(crate) namespace: String,
    pub(crate) metric_name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

impl Series {
    pub(crate) fn of(datum: &ReceivedDatum) -> Self {
        Self {
            namespace: datum.namespace.clone(),
            metric_name: datum.metric_name.clone(),
            dimensions: datum.dimensions.iter().cloned().collect(),
        }
    }

    /// From a request that was checked; what is missing was reported.
    pub(crate) fn checked(
        namespace: Option<String>,
        metric_name: Option<String>,
        dimensions: Vec<DimensionInput>,
    ) -> Self {
        let pairs = dimensions
            .into_iter()
            .filter_map(|found| Some((found.name?, found.value?)));
        Self {
            namespace: namespace.unwrap_or_default(),
            metric_name: metric_name.unwrap_or_default(),
            dimensions: pairs.collect(),
        }
    }
}
