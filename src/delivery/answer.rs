//! What is done about the answer to an attempt.

use super::{Delivery, Guarantee};
use crate::delivery::ledger::Attempted;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::refusal_budget::Worth;
use crate::delivery::try_once::Tried;
use crate::model::amount::Amount;
use crate::model::refusal::Refusal;
use crate::model::send_result::{SendError, Sent};
use std::error::Error;
use tokio::task::{Id, JoinError};
use tokio::time::Instant;

impl Delivery {
    pub(super) fn finish(&mut self, done: Result<(Id, Tried), JoinError>) {
        let (id, Tried { result, told }) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Tried::broken(error)),
        };
        let request = self.tasks.remove(&id);
        let Some(request) = request.and_then(|number| self.requests.remove(&number)) else {
            return;
        };
        let parts = request.numbers.iter();
        let parts = parts.filter_map(|number| Some(self.queue.arrive(*number)?.queued));
        let parts: Vec<QueuedBatch> = parts.collect();
        let (is_test, started, now) = (request.is_test, request.started, Instant::now());
        let result = self.clock_skew.judge(request.correction, told, result);
        self.answers += u64::from(is_answer(&result));
        match result {
            Ok(sent) => self.accepted(parts, is_test, &sent, now),
            Err(SendError::Invalid {
                code,
                message,
                members,
            }) => {
                let reason = Refusal::Rejected { code, message };
                self.refused(parts, is_test, &members, &reason, now);
            }
            Err(SendError::TooLarge(error)) => {
                let reason = Refusal::Rejected {
                    code: "RequestEntityTooLarge".into(),
                    message: error.to_string(),
                };
                self.refused(parts, is_test, &[], &reason, now);
            }
            Err(error) => {
                if is_test {
                    self.doubts.put_off(is_ambiguous(&error));
                }
                self.failed(parts, error, started, now);
            }
        }
    }

    fn accepted(&mut self, parts: Vec<QueuedBatch>, is_test: bool, sent: &Sent, now: Instant) {
        self.state_log.noted(sent.note.as_deref());
        let before = self.request_start.accepted(now);
        if before.had_failed {
            // It was the destination that failed, not the batches.
            self.queue.hurry();
        }
        self.say_if_well();
        self.attempted(Attempted::Answered);
        self.cleared_of_doubt(&parts, is_test, sent, now);
        let (confirms, mut first) = (self.profile.confirms, 0);
        let several = parts.len() > 1;
        for part in parts {
            let end = first + part.batch.data().len();
            let its = several.then(|| sent.part(first..end));
            let verdict = part.sent(its.as_ref().unwrap_or(sent), confirms);
            self.conclude(part.number, part.durability, verdict);
            first = end;
        }
        match before.refusals {
            Worth::Proof => self.judge_condemned(now),
            Worth::Unknown => self.pardon(),
            Worth::Void => self.doubts.begin_anew(self.profile.max_data),
        }
    }

    /// It says nothing of the data.
    fn failed(
        &mut self,
        parts: Vec<QueuedBatch>,
        error: SendError,
        started: Instant,
        now: Instant,
    ) {
        let attempted = match error {
            SendError::Throttled {
                source,
                retry_after,
            } => {
                self.state_log.throttled(&*source);
                self.request_start.throttled(retry_after, now);
                self.attempted(Attempted::Throttled);
                for mut part in parts {
                    part.unknown_fates.end();
                    self.try_again(part, now);
                }
                return;
            }
            SendError::Denied(error) => {
                self.state_log.denied(&*error);
                Attempted::Failed
            }
            SendError::Misdirected(error) => {
                self.state_log.misdirected(&*error);
                Attempted::Failed
            }
            SendError::Ambiguous(error) => {
                self.unanswered(&parts, &*error);
                Attempted::Ambiguous
            }
            error => {
                self.state_log.failed(&error);
                Attempted::Failed
            }
        };
        self.request_start.failed(started, now);
        self.attempted(attempted);
        for part in parts {
            if attempted == Attempted::Ambiguous {
                self.fate_unknown(part, now);
            } else {
                self.pause(part, now);
            }
        }
    }

    /// Says what becomes of data that have perhaps arrived.
    fn unanswered(&mut self, parts: &[QueuedBatch], error: &(dyn Error + Send + Sync)) {
        // All have the same guarantee.
        let is_strict = |part: &QueuedBatch| part.batch.guarantee() == Guarantee::AtMostOnce;
        if parts.iter().any(is_strict) {
            let data = parts.iter().flat_map(|part| part.batch.data());
            self.state_log.gave_up(error, Amount::of(data));
        } else {
            self.state_log.unanswered(error);
        }
    }

    /// Nobody knows whether it arrived.
    fn fate_unknown(&mut self, mut queued: QueuedBatch, now: Instant) {
        let (number, durability) = (queued.number, queued.durability);
        if queued.batch.guarantee() == Guarantee::AtMostOnce {
            return self.conclude(number, durability, queued.given_up());
        }
        queued.is_repeated = true;
        queued.unknown_fates.add(self.answers);
        let data = queued.batch.data();
        if queued.unknown_fates.is_over(data.len()) {
            self.state_log.gives_up_unanswered(Amount::of(data));
            return self.conclude(number, durability, queued.given_up());
        }
        if let [alone] = data
            && queued.unknown_fates.is_counted()
        {
            // Its series' data go by themselves from now on, and hold up nobody else's.
            self.doubts.suspect_alone(alone, now);
        }
        // Others of its data are tried next.
        queued.put_behind();
        self.pause(queued, now);
    }

    /// It failed, and is tried again after a pause of its own.
    fn pause(&mut self, mut queued: QueuedBatch, now: Instant) {
        queued.failures = queued.failures.saturating_add(1);
        queued.not_before = self.request_start.pause_of(queued.failures, now);
        self.try_again(queued, now);
    }

    /// All of it is tried again.
    pub(super) fn try_again(&mut self, mut queued: QueuedBatch, now: Instant) {
        queued.unite();
        self.take_back(&mut queued);
        self.wait(queued, now);
    }

    pub(super) fn say_if_well(&mut self) {
        if self.request_start.is_well() {
            self.state_log.well();
        }
    }

    pub(super) fn attempted(&self, attempted: Attempted) {
        self.ledger.attempted(attempted, self.clock.now());
    }
}

fn is_ambiguous(error: &SendError) -> bool {
    matches!(error, SendError::Ambiguous(_))
}

/// Whether the destination said something.
fn is_answer(result: &Result<Sent, SendError>) -> bool {
    !matches!(
        result,
        Err(SendError::Transient(_) | SendError::Ambiguous(_))
    )
}
