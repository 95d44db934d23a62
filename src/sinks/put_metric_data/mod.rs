//! `PutMetricData`, the service's own request.

#[cfg(feature = "put-metric-data")]
mod answer;
pub(crate) mod cbor_len;
#[cfg(feature = "put-metric-data")]
mod classify;
#[cfg(feature = "put-metric-data")]
mod client;
#[cfg(feature = "put-metric-data")]
mod default_client;
#[cfg(feature = "put-metric-data")]
mod excerpt;
pub(crate) mod request_len;
#[cfg(feature = "put-metric-data")]
mod skew;
pub(crate) mod unit_name;
#[cfg(feature = "put-metric-data")]
mod with_client;

#[cfg(feature = "put-metric-data")]
pub use client::PutMetricData;
#[cfg(feature = "put-metric-data")]
pub(crate) use default_client::by_default_client;
