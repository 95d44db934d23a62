//! The operations: what is read from a request, and what is answered.

pub(crate) mod dimensions;
pub(crate) mod get_metric_data;
pub(crate) mod get_metric_statistics;
pub(crate) mod list_metrics;
mod next_token;
pub(crate) mod put_metric_data;
