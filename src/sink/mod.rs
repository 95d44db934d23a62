//! Where batches go.

mod memory;
mod put_metric_data;

pub use memory::MemorySink;
pub use put_metric_data::PutMetricData;

use crate::encode::pack::Batch;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

/// What [`Sink::send`] gives.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;

/// A destination for batches of data.
///
/// ```
/// use metrics_exporter_cloudwatch::{Batch, Sending, Sink};
///
/// struct Print;
///
/// impl Sink for Print {
///     fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
///         Box::pin(async move {
///             for datum in batch.data() {
///                 println!("{}/{} {:?}", batch.namespace(), datum.name(), datum.value());
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Sends one batch, all of it or nothing; one attempt. The exporter repeats it where the error
    /// says that this may help.
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a>;
}

impl<S: Sink + ?Sized> Sink for Arc<S> {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        (**self).send(batch)
    }
}

/// Why a batch was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It may go through another time: the exporter keeps the batch and tries again.
    #[error(transparent)]
    Transient(Box<dyn Error + Send + Sync>),
    /// It never will: the exporter gives the batch up, and reports its samples as refused.
    #[error("{code}: {message}")]
    Rejected {
        /// An error code, such as `InvalidParameterValue`.
        code: String,
        /// What the destination said.
        message: String,
    },
}
