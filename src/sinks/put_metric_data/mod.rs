//! `PutMetricData`, the service's own request.

mod answer_body;
mod cbor_len;
mod classify;
mod client;
mod endpoint_probe;
mod excerpt;
mod failure_text;
mod message;
mod own_client;
mod request_len;
mod retry_after;
mod seen;
mod unit_name;

pub use client::PutMetricData;
#[cfg(feature = "aws-config")]
pub(crate) use endpoint_probe::is_http;
pub(crate) use endpoint_probe::{NoEndpoint, probe, without_user};
