#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(loom, allow(dead_code, unused_imports, unreachable_pub))]

mod aggregate;
mod last_look;
#[cfg(not(loom))]
mod recorder;
#[cfg(not(loom))]
mod recording_policy;
mod refusal_reason;
#[cfg(not(loom))]
mod registry;
#[cfg(not(loom))]
mod series;
#[cfg(not(loom))]
mod snapshot;
mod sync;

pub use aggregate::{Bucket, Buckets, Value};
pub use metrics_util::MetricKind;
#[cfg(not(loom))]
pub use recorder::Recorder;
#[cfg(not(loom))]
pub use recording_policy::{MetricPolicy, RecordingPolicy};
pub use refusal_reason::RefusalReason;
#[cfg(not(loom))]
pub use series::{NameId, Series, SeriesId};
#[cfg(not(loom))]
pub use snapshot::{Event, Interval, Point, Snapshotter};
