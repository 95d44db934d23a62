//! Where batches go.

use crate::model::batch::Batch;
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
    /// Sends one batch, all of it or nothing; one attempt, on a task of its own. The exporter repeats it
    /// where the error says that this may help. A panic counts as [`SendError::Ambiguous`].
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a>;
}

impl<S: Sink + ?Sized> Sink for Arc<S> {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        (**self).send(batch)
    }
}

/// Why a batch was not sent, and so what the exporter does next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It did not arrive, and may another time. The exporter keeps it and tries again, after pauses
    /// that grow.
    #[error(transparent)]
    Transient(Box<dyn Error + Send + Sync>),
    /// Nobody knows whether it arrived. What is done about it is a matter of [`Delivery`](crate::Delivery).
    #[error(transparent)]
    Ambiguous(Box<dyn Error + Send + Sync>),
    /// It did not arrive, because requests come too fast. The exporter slows down for all batches, and
    /// tries again.
    #[error(transparent)]
    Throttled(Box<dyn Error + Send + Sync>),
    /// It did not arrive, and will not until somebody puts something right: credentials, permissions.
    /// The exporter keeps it, says so once, as an error, and tries again, after pauses that grow.
    #[error(transparent)]
    Denied(Box<dyn Error + Send + Sync>),
    /// It is too large for the destination. The exporter sends it in parts.
    #[error(transparent)]
    TooLarge(Box<dyn Error + Send + Sync>),
    /// Some of its data are not acceptable, and so nothing of it was taken. The exporter finds and
    /// refuses them, and sends the others.
    #[error("{code}: {message}")]
    Invalid {
        /// An error code, such as `InvalidParameterValue`.
        code: String,
        /// What the destination said.
        message: String,
        /// Where in [`Batch::data`] they are; empty if that was not said, and they have to be searched.
        members: Vec<usize>,
    },
    /// It never will arrive: the exporter gives the batch up, and reports its samples as refused.
    #[error("{code}: {message}")]
    Rejected {
        /// An error code, such as `UnknownOperationException`.
        code: String,
        /// What the destination said.
        message: String,
    },
}
