//! A backend for the [`metrics`] facade that publishes to Amazon CloudWatch.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod aggregate;
mod builder;
mod config;
mod encode;
mod error;
mod exporter;
pub mod limits;
mod matcher;
mod recorder;
mod refusal;
mod registry;
mod sink;
mod sync;
mod unit;
mod window;

pub use builder::CloudWatchBuilder;
pub use config::HistogramForm;
pub use encode::datum::{Datum, DatumValue, StatisticSet};
pub use encode::pack::Batch;
pub use error::{BuildError, ConfigError, InstallError, Stopped};
pub use exporter::{
    Amount, Clock, CloudWatchExporter, CloudWatchHandle, FlushReport, ManualClock, Sleeping, Stats,
    SystemClock,
};
pub use matcher::Matcher;
pub use recorder::CloudWatchRecorder;
pub use refusal::{Refusal, Refused};
pub use registry::Dimension;
pub use sink::{MemorySink, PutMetricData, SendError, Sending, Sink};
pub use window::StorageResolution;
