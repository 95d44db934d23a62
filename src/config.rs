//! Validated, immutable settings, and every default.

use crate::dimension::{self, Dimensions};
use crate::limits::{self, MAX_REQUEST_BYTES, TextFault};
use crate::matcher::ByMetric;
use crate::refusal::Refusal;
use crate::window::StorageResolution;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const DEFAULT_QUEUE_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const DEFAULT_FLUSH_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

/// How a histogram's window goes to CloudWatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistogramForm {
    /// As up to 150 values and their counts: CloudWatch has percentiles of it.
    #[default]
    Distribution,
    /// As a statistic set: a tenth of the bytes, and no percentiles.
    StatisticSet,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) namespace: Arc<str>,
    pub(crate) default_dimensions: Dimensions,
    pub(crate) storage_resolution: StorageResolution,
    pub(crate) histogram_forms: ByMetric<HistogramForm>,
    pub(crate) queue_bytes: usize,
    pub(crate) flush_timeout: Duration,
    pub(crate) idle_flush_interval: Option<Duration>,
    pub(crate) request_timeout: Duration,
}

impl Config {
    pub(crate) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            default_dimensions: Dimensions::new(),
            storage_resolution: StorageResolution::default(),
            histogram_forms: ByMetric::new(HistogramForm::default()),
            queue_bytes: DEFAULT_QUEUE_BYTES,
            flush_timeout: DEFAULT_FLUSH_TIMEOUT,
            idle_flush_interval: None,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        limits::check_namespace(&self.namespace).map_err(|fault| ConfigError::Namespace {
            namespace: self.namespace.as_ref().into(),
            fault,
        })?;
        dimension::check(&self.default_dimensions).map_err(ConfigError::DefaultDimension)?;
        if self.queue_bytes < MAX_REQUEST_BYTES {
            return Err(ConfigError::QueueBytes(self.queue_bytes));
        }
        if self.request_timeout.is_zero() {
            return Err(ConfigError::RequestTimeout);
        }
        Ok(())
    }

    pub(crate) fn histogram_form(&self, name: &str) -> HistogramForm {
        *self.histogram_forms.get(name)
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// CloudWatch would not take the namespace.
    #[error("the namespace {namespace:?} {fault}")]
    Namespace {
        /// The namespace.
        namespace: String,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// CloudWatch would not take a default dimension.
    #[error("default dimensions: {0}")]
    DefaultDimension(Refusal),
    /// The queue could not hold one full request.
    #[error("a queue of {0} bytes is too small for one request of {MAX_REQUEST_BYTES}")]
    QueueBytes(usize),
    /// No request could be made in no time.
    #[error("a request time-out of zero")]
    RequestTimeout,
}
