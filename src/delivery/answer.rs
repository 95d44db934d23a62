//! What is done about the answer to an attempt.

use super::{Delivery, Guarantee};
use crate::delivery::ledger::Attempted;
use crate::delivery::queue::InFlight;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::delivery::try_once::Tried;
use crate::model::amount::Amount;
use crate::model::refusal::Refusal;
use crate::model::send_result::SendError;
use tokio::task::{Id, JoinError};
use tokio::time::Instant;

impl Delivery {
    pub(super) fn finish(&mut self, done: Result<(Id, Tried), JoinError>) {
        let (id, Tried { result, told }) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Tried::broken(error)),
        };
        let number = self.numbers.remove(&id);
        let Some(in_flight) = number.and_then(|number| self.queue.arrive(number)) else {
            return;
        };
        let InFlight {
            queued,
            started,
            correction,
            ..
        } = in_flight;
        let now = Instant::now();
        match self.clock_skew.judge(correction, told, result) {
            Ok(sent) => {
                self.state_log.noted(sent.note.as_deref());
                let confirms = self.profile.confirms;
                self.answered(Attempted::Answered, queued, |queued| {
                    queued.sent(&sent, confirms)
                });
            }
            Err(SendError::Invalid {
                code,
                message,
                members,
            }) => {
                let reason = Refusal::Rejected { code, message };
                self.answered(Attempted::Refused, queued, |queued| {
                    queued.invalid(&members, &reason)
                });
            }
            Err(SendError::TooLarge(error)) => {
                let reason = Refusal::Rejected {
                    code: "RequestEntityTooLarge".into(),
                    message: error.to_string(),
                };
                self.answered(Attempted::Refused, queued, |queued| {
                    queued.too_large(&reason)
                });
            }
            Err(SendError::Throttled {
                source,
                retry_after,
            }) => {
                self.state_log.throttled(&*source);
                self.request_start.throttled(retry_after, now);
                self.repeat(queued, Attempted::Throttled);
            }
            Err(SendError::Denied(error)) => {
                self.state_log.denied(&*error);
                self.fail(queued, started, now, Attempted::Failed);
            }
            Err(SendError::Misdirected(error)) => {
                self.state_log.misdirected(&*error);
                self.fail(queued, started, now, Attempted::Failed);
            }
            Err(SendError::Transient(error)) => {
                self.state_log.failed(&*error);
                self.fail(queued, started, now, Attempted::Failed);
            }
            Err(SendError::Ambiguous(error)) => {
                if queued.batch.guarantee() == Guarantee::AtMostOnce {
                    self.state_log
                        .gave_up(&*error, Amount::of(queued.batch.data()));
                    self.request_start.failed(started, now);
                    self.attempted(Attempted::Ambiguous);
                    let (number, durability) = (queued.number, queued.durability);
                    return self.conclude(number, durability, queued.given_up());
                }
                self.state_log.unanswered(&*error);
                let mut queued = queued;
                queued.is_repeated = true;
                self.fail(queued, started, now, Attempted::Ambiguous);
            }
        }
    }

    /// The destination answered as it should, or refused data on their merits.
    fn answered(
        &mut self,
        attempted: Attempted,
        queued: QueuedBatch,
        judge: impl FnOnce(QueuedBatch) -> Verdict,
    ) {
        if self.request_start.answered() {
            // It was the destination that failed, not the batches.
            self.queue.hurry();
        }
        if self.request_start.is_well() {
            self.state_log.well();
        }
        self.attempted(attempted);
        let (number, durability) = (queued.number, queued.durability);
        self.conclude(number, durability, judge(queued));
    }

    fn fail(
        &mut self,
        mut queued: QueuedBatch,
        started: Instant,
        now: Instant,
        attempted: Attempted,
    ) {
        self.request_start.failed(started, now);
        queued.failures = queued.failures.saturating_add(1);
        queued.not_before = self.request_start.pause_of(queued.failures, now);
        self.repeat(queued, attempted);
    }

    /// All of it is tried again.
    fn repeat(&mut self, mut queued: QueuedBatch, attempted: Attempted) {
        self.attempted(attempted);
        self.take_back(&mut queued);
        self.queue.push(queued);
        self.overflow();
    }

    fn attempted(&self, attempted: Attempted) {
        self.ledger.attempted(attempted, self.clock.now());
    }
}
