//! What stands at the end of the way of data, and sends them.

use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::profile::Profile;
use crate::model::refusal::Refusal;
use crate::model::send_result::{SendError, Sent};
use std::pin::Pin;
use std::sync::Arc;

/// A destination for batches of data.
///
/// A sink says once what it takes, and sends. It decides nothing about time, repetition or the accounts.
///
/// ```
/// use metrics_exporter_cloudwatch::{Attempt, Batch, Datum, SendError, Sent, Sink};
///
/// struct Print;
///
/// impl Sink for Print {
///     fn added_len(&self, _: &Batch, datum: &Datum) -> usize {
///         datum.name().len()
///     }
///
///     async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
///         attempt.leaves();
///         for datum in batch.data() {
///             println!("{}/{} {:?}", batch.namespace(), datum.name(), datum.value());
///         }
///         Ok(Sent::default())
///     }
/// }
/// ```
///
/// [`testing::conformance`](crate::testing::conformance) tests one.
pub trait Sink: Send + Sync + 'static {
    /// How much it takes at a time, in what form and by what names; as much as `PutMetricData` by default. Asked a few
    /// times before the exporter runs: it is always the same.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// Where it sends to, in a few words, for the line of the log that says that the exporter has started. No credentials:
    /// the line may be read by anybody. None by default.
    fn describe(&self) -> Option<String> {
        None
    }

    /// Whether it would take a datum, of a valid name, with valid dimensions. What it would not is refused before it
    /// gets into a batch.
    ///
    /// # Errors
    ///
    /// The rule that the datum breaks.
    fn check(&self, datum: &Datum) -> Result<(), Refusal> {
        let _ = datum;
        Ok(())
    }

    /// How many bytes the datum adds to a request with what is in the batch, which may be empty; never less. The sum of
    /// these is at most [the profile's](Profile::with_max_bytes).
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize;

    /// Sends one batch; one attempt, on a task of its own. The exporter repeats it where the error says that this may
    /// help. It may be dropped at any time. A panic counts as [`SendError::Ambiguous`].
    ///
    /// [`Attempt::leaves`] says that what precedes the request is done, such as loading credentials; its
    /// [time](crate::CloudWatchBuilder::with_request_timeout) begins then. Without that, an attempt has a minute, or ten if it
    /// [awaits credentials](Attempt::awaits_credentials). A second
    /// after the time is up it is dropped.
    ///
    /// # Errors
    ///
    /// Why it was not sent, and so what the exporter does next.
    fn send(
        &self,
        batch: &Batch,
        attempt: &Attempt,
    ) -> impl Future<Output = Result<Sent, SendError>> + Send;

    /// Called once, after the last attempt, when the exporter is shut down; it has five seconds.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

impl<S: Sink> Sink for Arc<S> {
    fn profile(&self) -> Profile {
        (**self).profile()
    }

    fn describe(&self) -> Option<String> {
        (**self).describe()
    }

    fn check(&self, datum: &Datum) -> Result<(), Refusal> {
        (**self).check(datum)
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        (**self).added_len(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        (**self).send(batch, attempt).await
    }

    async fn close(&self) {
        (**self).close().await;
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A sink of whatever type.
pub(crate) trait AnySink: Send + Sync {
    fn profile(&self) -> Profile;
    fn describe(&self) -> Option<String>;
    /// Boxed, as it is asked about each datum and most often says yes.
    fn check(&self, datum: &Datum) -> Result<(), Box<Refusal>>;
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize;
    fn send<'a>(
        &'a self,
        batch: &'a Batch,
        attempt: &'a Attempt,
    ) -> Boxed<'a, Result<Sent, SendError>>;
    fn close(&self) -> Boxed<'_, ()>;
}

impl<S: Sink> AnySink for S {
    fn profile(&self) -> Profile {
        Sink::profile(self)
    }

    fn describe(&self) -> Option<String> {
        Sink::describe(self)
    }

    fn check(&self, datum: &Datum) -> Result<(), Box<Refusal>> {
        Sink::check(self, datum).map_err(Box::new)
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        Sink::added_len(self, batch, datum)
    }

    fn send<'a>(
        &'a self,
        batch: &'a Batch,
        attempt: &'a Attempt,
    ) -> Boxed<'a, Result<Sent, SendError>> {
        Box::pin(Sink::send(self, batch, attempt))
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(Sink::close(self))
    }
}
