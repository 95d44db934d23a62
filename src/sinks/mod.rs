//! Where batches go.

pub(crate) mod blocking;
pub(crate) mod memory;
#[cfg(feature = "put-metric-data")]
pub(crate) mod put_metric_data;
