//! A CloudWatch that runs inside a test, an example or a terminal: the real wire, strict rules.
//!
//! [`Local::start`] opens an HTTP endpoint on loopback that speaks Smithy RPC v2 CBOR, the protocol
//! of the AWS SDK for Rust, and [`Local::client`] is the real SDK's client of it. What CloudWatch
//! would refuse is refused here, with the service's error codes; what is accepted can be read back
//! by the SDK, or looked at raw by [`Local::received`].
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use aws_sdk_cloudwatch::types::MetricDatum;
//! use cloudwatch_local::{Local, ReceivedValue};
//!
//! let local = Local::start().await?;
//!
//! let datum = MetricDatum::builder().metric_name("orders").value(3.0).build();
//! local.client().put_metric_data().namespace("shop").metric_data(datum).send().await?;
//!
//! let received = local.received();
//! assert_eq!(received[0].metric_name, "orders");
//! assert_eq!(received[0].value, ReceivedValue::Single(3.0));
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! It fails as it is told, too: [`Local::faults`] has [throttling, resets, garbage and more](Fault).
//!
//! Of the service's operations there are `PutMetricData`, `ListMetrics`, `GetMetricStatistics` and
//! `GetMetricData`. Everything lives in memory, for as long as the [`Local`] or its [`Service`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod aggregate;
mod client;
mod clock;
mod fault;
mod local;
mod operation;
mod percentile;
mod received;
mod rules;
mod series;
mod server;
mod service;
mod statistic;
mod store;
mod wire;

/// What the README shows compiles, and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use fault::{Fault, Faults};
pub use local::{Builder, Local};
pub use received::{ReceivedDatum, ReceivedRequest, ReceivedValue, Refusal};
pub use service::Service;
