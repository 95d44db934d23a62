//! Where batches go.

pub(crate) mod memory;
pub(crate) mod put_metric_data;
