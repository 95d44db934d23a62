//! What is done about the answer to an attempt.

use super::try_once::Tried;
use super::{Delivery, InFlight, Mode};
use crate::delivery::entry::Entry;
use crate::delivery::event::{Attempted, Event};
use crate::delivery::parcel::Parcel;
use crate::model::outcome::SendError;
use crate::model::refusal::Refusal;
use tokio::task::{Id, JoinError};
use tokio::time::Instant;

impl Delivery {
    pub(crate) fn finish(&mut self, done: Result<(Id, Tried), JoinError>) -> Event {
        let (id, tried) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Tried::broken(error)),
        };
        let Tried {
            begun,
            result,
            told,
        } = tried;
        let Some(in_flight) = self.in_flight.remove(&id) else {
            return Event::default();
        };
        let InFlight {
            parcel,
            started,
            correction,
        } = in_flight;
        let now = Instant::now();
        let parcel = self.begun(parcel, begun);
        let Some(result) = result else {
            return self.hold_back(parcel, now);
        };
        let entry = parcel.entry;
        match self.clock_skew.judge(correction, told, result) {
            Ok(sent) => {
                self.answered();
                self.condition.noted(sent.note.as_deref());
                let outcome = parcel.sent(&sent, self.profile.confirms);
                self.follow(entry, outcome, Some(Attempted::Answered))
            }
            Err(SendError::Invalid {
                code,
                message,
                members,
            }) => {
                self.answered();
                let reason = Refusal::Rejected { code, message };
                let outcome = parcel.invalid(&members, &reason);
                self.follow(entry, outcome, Some(Attempted::Refused))
            }
            Err(SendError::Rejected { code, message }) => {
                self.answered();
                let everything: Vec<usize> = (0..parcel.batch.data().len()).collect();
                let reason = Refusal::Rejected { code, message };
                let outcome = parcel.invalid(&everything, &reason);
                self.follow(entry, outcome, Some(Attempted::Refused))
            }
            Err(SendError::TooLarge(error)) => {
                self.answered();
                let reason = Refusal::Rejected {
                    code: "RequestEntityTooLarge".into(),
                    message: error.to_string(),
                };
                let outcome = parcel.too_large(&reason);
                self.follow(entry, outcome, Some(Attempted::Refused))
            }
            Err(SendError::Throttled {
                source,
                retry_after,
            }) => {
                self.condition.throttled(&*source);
                self.pace.throttled(retry_after, now);
                self.repeat(parcel, Attempted::Throttled)
            }
            Err(SendError::Denied(error)) => {
                self.condition.denied(&*error);
                self.fail(parcel, started, now, Attempted::Failed)
            }
            Err(SendError::Transient(error)) => {
                self.condition.failed(&*error);
                self.fail(parcel, started, now, Attempted::Failed)
            }
            Err(SendError::Ambiguous(error)) => {
                self.condition.failed(&*error);
                if parcel.batch.delivery() == Mode::AtMostOnce {
                    self.pace.failed(started, now);
                    let outcome = parcel.given_up();
                    return self.follow(entry, outcome, Some(Attempted::Ambiguous));
                }
                let mut parcel = parcel;
                parcel.is_repeated = true;
                self.fail(parcel, started, now, Attempted::Ambiguous)
            }
        }
    }

    fn answered(&mut self) {
        if self.pace.answered() {
            // It was the destination that failed, not the parcels.
            self.queue.hurry();
        }
        if self.pace.is_well() {
            self.condition.well();
        }
    }

    fn fail(
        &mut self,
        mut parcel: Parcel,
        started: Instant,
        now: Instant,
        attempted: Attempted,
    ) -> Event {
        self.pace.failed(started, now);
        parcel.failures = parcel.failures.saturating_add(1);
        parcel.not_before = self.pace.backoff(parcel.failures, now);
        self.repeat(parcel, attempted)
    }

    /// All of it is tried again.
    fn repeat(&mut self, mut parcel: Parcel, attempted: Attempted) -> Event {
        if let Some(spool) = &mut self.spool {
            if parcel.entry == Entry::None {
                // It may be possible by now.
                spool.store(&mut parcel, Entry::None, Instant::now());
            } else if !parcel.is_repeated {
                spool.take_back(parcel.entry);
            }
        }
        self.queue.push(parcel);
        Event {
            attempted: Some(attempted),
            settled: self.overflow(),
            ..Event::default()
        }
    }
}
