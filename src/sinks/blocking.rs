//! A sink that blocks, on a thread of its own.

use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, DatumValue};
use crate::model::profile::Profile;
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use metrics_timeit::uncounted;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::sync::oneshot;

/// Sends by a function that blocks, on a thread of its own: one batch after the other.
///
/// A request's time begins when the function is called. A call that the exporter does not wait for any more goes on, and
/// what comes after it waits; what waits when its time is up is withdrawn, so that it is not sent twice. A panic of the
/// function is the end of that attempt alone, of which nobody knows whether it arrived.
///
/// ```
/// use metrics_exporter_cloudwatch::{Batch, Blocking, CloudWatchBuilder, SendError, Sent};
/// use std::io::Write;
///
/// fn print(batch: &Batch) -> Result<Sent, SendError> {
///     let mut out = std::io::stdout().lock();
///     for datum in batch.data() {
///         let line = writeln!(out, "{} {:?}", datum.name(), datum.value());
///         line.map_err(|error| SendError::Ambiguous(error.into()))?;
///     }
///     Ok(Sent::default())
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let builder = CloudWatchBuilder::new("Shop").with_sink("stdout", Blocking::new(print)?);
/// # let _ = builder;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Blocking {
    jobs: mpsc::Sender<Job>,
    profile: Profile,
    added_len: fn(&Batch, &Datum) -> usize,
}

#[derive(Debug)]
enum Job {
    Send {
        batch: Batch,
        attempt: Attempt,
        claim: Claim,
        reply: oneshot::Sender<Result<Sent, SendError>>,
    },
    Close(oneshot::Sender<()>),
}

/// Either the function begins with a batch, or nobody waits for it any more: who comes first.
#[derive(Clone, Debug, Default)]
struct Claim(Arc<AtomicBool>);

impl Claim {
    fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// Withdraws a batch that nobody waits for any more.
struct Waiting(Claim);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.is_first();
    }
}

impl Blocking {
    /// Starts the thread. It ends when the sink is dropped.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn new(
        mut send: impl FnMut(&Batch) -> Result<Sent, SendError> + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let run = move || {
            for job in waiting {
                // Whoever asked may have gone.
                match job {
                    Job::Send {
                        batch,
                        attempt,
                        claim,
                        reply,
                    } => {
                        if claim.is_first() {
                            attempt.leaves();
                            let result =
                                catch_unwind(AssertUnwindSafe(|| uncounted(|| send(&batch))));
                            let panicked = |_| Err(SendError::Ambiguous("a panic".into()));
                            drop(reply.send(result.unwrap_or_else(panicked)));
                        }
                    }
                    Job::Close(reply) => drop(reply.send(())),
                }
            }
        };
        thread::Builder::new()
            .name("metrics-sink".into())
            .spawn(run)?;
        Ok(Self {
            jobs,
            profile: Profile::default(),
            added_len: texts_and_numbers,
        })
    }

    /// How much it takes at a time.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How many bytes a datum adds, see [`Sink::added_len`]: by default those of its texts, and 24 for each number.
    #[must_use]
    pub fn with_added_len(mut self, added_len: fn(&Batch, &Datum) -> usize) -> Self {
        self.added_len = added_len;
        self
    }
}

fn texts_and_numbers(_: &Batch, datum: &Datum) -> usize {
    let dimensions = datum.dimensions();
    let dimensions = dimensions.map(|(name, value)| name.len() + value.len());
    datum.name().len() + dimensions.sum::<usize>() + 24 * numbers_of(datum.value())
}

fn numbers_of(value: &DatumValue) -> usize {
    match value {
        DatumValue::Number(_) => 2,
        DatumValue::StatisticSet(_) => 5,
        DatumValue::Values(values) => 1 + 2 * values.iter().len(),
        DatumValue::Buckets(buckets) => 4 + 3 * buckets.iter().count(),
        DatumValue::Total(total) => 2 + 2 * usize::from(total.begins()) + numbers_of(total.value()),
    }
}

impl Sink for Blocking {
    fn profile(&self) -> Profile {
        self.profile
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        (self.added_len)(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        let (reply, result) = oneshot::channel();
        let claim = Claim::default();
        let waiting = Waiting(claim.clone());
        let job = Job::Send {
            batch: batch.clone(),
            attempt: attempt.clone(),
            claim,
            reply,
        };
        let gone = || SendError::Transient("the sink's thread has ended".into());
        self.jobs.send(job).map_err(|_| gone())?;
        tokio::select! {
            biased;
            result = result => result.unwrap_or_else(|_| Err(gone())),
            () = attempt.out_of_time() => Err(if waiting.0.is_first() {
                SendError::Transient("another call takes all the time".into())
            } else {
                SendError::Ambiguous("the call has not come back in time".into())
            }),
        }
    }

    async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).is_ok() {
            let _ = closed.await;
        }
    }
}
