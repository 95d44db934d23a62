//! Every operation and every rule, through the real SDK's client over HTTP.

mod connection;
mod get_metric_data;
mod get_metric_statistics;
mod list_metrics;
mod put_metric_data;
mod rules;
mod support;
