//! `PutMetricData`, the service's own request.

mod answer;
mod cbor_len;
mod classify;
mod client;
#[cfg(feature = "aws-config")]
mod default_client;
mod excerpt;
mod request_len;
mod retry_after;
mod unit_name;
mod with_client;

pub use client::PutMetricData;
#[cfg(feature = "aws-config")]
pub(crate) use default_client::by_default_client;
