//! What the exporter says about itself.

pub(crate) mod flush_report;
pub(crate) mod health;
mod one_line;
pub(crate) mod self_metrics;
pub(crate) mod stats;
mod utc;
