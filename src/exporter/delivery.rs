//! Sends what is queued, the oldest first, and repeats what may go through another time.

use super::clock::Clock;
use super::queue::{Queue, Queued};
use crate::encode::pack::Batch;
use crate::refusal::{Refusal, Refused};
use crate::sink::{SendError, Sink};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Sleep;

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_mins(1);

pub(super) struct Delivery {
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    queue: Queue,
    in_flight: Option<InFlight>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Attempts in a row that failed.
    failures: u32,
}

struct InFlight {
    queued: Queued,
    attempt: Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>,
}

/// What became of an attempt.
pub(super) enum Event {
    Sent(Queued),
    /// It will be tried again.
    Failed,
    Refused(Queued, Vec<Refused>),
    /// Some of it was refused; the rest goes on waiting.
    Thinned(Queued, Vec<Refused>, Queued),
    /// It failed, and the queue has no room for it any more.
    Dropped(Queued),
}

impl Delivery {
    pub(super) fn new(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>, queue: Queue) -> Self {
        Self {
            sink,
            clock,
            queue,
            in_flight: None,
            pause: None,
            failures: 0,
        }
    }

    /// Queues a batch, and gives the oldest ones that had to go for it.
    pub(super) fn push(&mut self, batch: Batch) -> Vec<Queued> {
        self.queue.push(batch)
    }

    /// All that is not settled yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Queued> {
        let in_flight = self.in_flight.as_ref().map(|in_flight| &in_flight.queued);
        in_flight.into_iter().chain(self.queue.iter())
    }

    pub(super) fn next_number(&self) -> u64 {
        self.queue.next_number()
    }

    /// Tries again now, not when the pause is over.
    pub(super) fn hurry(&mut self) {
        self.pause = None;
    }

    /// What becomes of the next attempt; never, if there is nothing to send. May be dropped and
    /// called again at any time.
    pub(super) async fn next(&mut self) -> Event {
        if let Some(pause) = &mut self.pause {
            pause.await;
            self.pause = None;
        }
        if self.in_flight.is_none()
            && let Some(queued) = self.queue.pop()
        {
            // It may have waited for long.
            let now = self.clock.now();
            if let Some((misdated, rest)) = queued.batch.without_misdated(now) {
                return self.refuse_misdated(queued, misdated, rest);
            }
            self.in_flight = Some(InFlight {
                attempt: attempt(Arc::clone(&self.sink), Arc::clone(&queued.batch)),
                queued,
            });
        }
        let Some(in_flight) = &mut self.in_flight else {
            return std::future::pending().await;
        };
        let outcome = in_flight.attempt.as_mut().await;
        let queued = in_flight.queued.clone();
        self.in_flight = None;
        self.settle(queued, outcome)
    }

    fn settle(&mut self, queued: Queued, outcome: Result<(), SendError>) -> Event {
        match outcome {
            Ok(()) => {
                self.recover();
                Event::Sent(queued)
            }
            Err(SendError::Rejected { code, message }) => {
                let data = queued.batch.data().len();
                tracing::error!(code, message, data, "a request was rejected");
                self.recover();
                let reason = Refusal::Rejected { code, message };
                let data = queued.batch.data().iter();
                let refused = data.map(|datum| datum.refused(&reason)).collect();
                Event::Refused(queued, refused)
            }
            Err(SendError::Transient(error)) => {
                self.back_off(&*error);
                match self.queue.put_back(queued) {
                    None => Event::Failed,
                    Some(queued) => Event::Dropped(queued),
                }
            }
        }
    }

    fn refuse_misdated(
        &mut self,
        queued: Queued,
        misdated: Vec<Refused>,
        rest: Option<Batch>,
    ) -> Event {
        let (data, reason) = (misdated.len(), &misdated[0].reason);
        tracing::error!(data, "data were not sent: {reason}");
        let Some(rest) = rest else {
            return Event::Refused(queued, misdated);
        };
        let rest = Queued {
            number: queued.number,
            batch: Arc::new(rest),
        };
        // There is room, as it is shorter than before.
        match self.queue.put_back(rest.clone()) {
            None => Event::Thinned(queued, misdated, rest),
            Some(_) => Event::Dropped(queued),
        }
    }

    fn recover(&mut self) {
        if self.failures > 0 {
            tracing::info!(attempts = self.failures + 1, "requests are answered again");
        }
        self.failures = 0;
    }

    /// Exponential, with full jitter: so that a fleet does not come back all at once.
    fn back_off(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.failures == 0 {
            tracing::warn!(%error, "data could not be sent; they are kept and tried again");
        }
        let longest = FIRST_BACKOFF
            .saturating_mul(1 << self.failures.min(16))
            .min(MAX_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        let pause = longest.mul_f64(fastrand::f64());
        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
    }
}

fn attempt(
    sink: Arc<dyn Sink>,
    batch: Arc<Batch>,
) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>> {
    Box::pin(async move { sink.send(&batch).await })
}
