//! Sends what is queued, the oldest first, several requests at a time, and decides by each answer what comes next.

use super::condition::Condition;
use super::pace::Pace;
use super::parcel::{Outcome, Parcel};
use super::queue::Queue;
use super::stats::{Attempted, Settled};
use crate::clock::Clock;
use crate::config::{Config, Delivery as Mode};
use crate::encode::pack::Batch;
use crate::refusal::Refusal;
use crate::sink::{SendError, Sink};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

pub(super) struct Delivery {
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    queue: Queue,
    pace: Pace,
    condition: Condition,
    attempts: JoinSet<Result<(), SendError>>,
    in_flight: HashMap<Id, InFlight>,
    /// How many were ever queued.
    queued: u64,
    send_jitter: Duration,
}

struct InFlight {
    parcel: Parcel,
    started: Instant,
}

/// What became of an attempt, or of data that were not attempted any more.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) attempted: Option<Attempted>,
    pub(super) settled: Vec<Settled>,
}

impl Delivery {
    pub(super) fn new(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>, config: &Config) -> Self {
        let period = config.storage_resolution.period();
        Self {
            sink,
            clock,
            queue: Queue::new(config.queue_bytes),
            pace: Pace::new(config.max_in_flight, config.jitter_seed),
            condition: Condition::default(),
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            queued: 0,
            send_jitter: config.send_jitter.min(period),
        }
    }

    /// Queues a batch, and gives what had to go for it.
    pub(super) fn push(&mut self, batch: Batch) -> Vec<Settled> {
        let parcel = Parcel::new(self.queued, batch);
        self.queued += 1;
        self.queue.push(parcel);
        self.overflow()
    }

    /// All that is not settled yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Parcel> {
        let in_flight = self.in_flight.values().map(|in_flight| &in_flight.parcel);
        in_flight.chain(self.queue.iter())
    }

    /// The number that the next batch will have.
    pub(super) fn next_number(&self) -> u64 {
        self.queued
    }

    /// Somebody waits: tries again now, not when the pauses are over.
    pub(super) fn hurry(&mut self) {
        self.pace.hurry(Instant::now());
        self.queue.hurry();
    }

    /// A window ended, as it did for everybody else.
    pub(super) fn spread(&mut self) {
        self.pace.spread(self.send_jitter, Instant::now());
    }

    /// The bytes of all that is not settled.
    pub(super) fn bytes(&self) -> usize {
        self.queue.bytes() + self.bytes_in_flight()
    }

    /// The time stamp of the oldest that is not settled.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        let oldest = self.pending().min_by_key(|parcel| parcel.number)?;
        oldest.data().map(|datum| datum.timestamp).min()
    }

    /// What happens next; never, if there is nothing to send. May be dropped and called again at
    /// any time.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let now = Instant::now();
            let start = self.pace.next_start(self.in_flight.len(), now);
            let start = start.and_then(|start| Some(start.max(self.queue.next_ready(now)?)));
            if start.is_some_and(|start| start <= now)
                && let Some(parcel) = self.queue.pop_ready(now)
            {
                match self.start(parcel, now) {
                    Some(event) => return event,
                    None => continue,
                }
            }
            tokio::select! {
                biased;
                Some(done) = self.attempts.join_next_with_id() => return self.finish(done),
                () = sleep_until(start) => {}
            }
        }
    }

    /// Starts an attempt, unless some of it has waited for too long.
    fn start(&mut self, parcel: Parcel, now: Instant) -> Option<Event> {
        if let Some(outcome) = parcel.misdated(self.clock.now()) {
            return Some(self.follow(outcome, None));
        }
        let (sink, batch) = (Arc::clone(&self.sink), Arc::clone(&parcel.batch));
        let attempt = self.attempts.spawn(async move { sink.send(&batch).await });
        self.pace.started(now);
        let started = now;
        self.in_flight
            .insert(attempt.id(), InFlight { parcel, started });
        None
    }

    fn finish(&mut self, done: Result<(Id, Result<(), SendError>), JoinError>) -> Event {
        let (id, result) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err(SendError::Ambiguous(error.into()))),
        };
        let Some(InFlight { parcel, started }) = self.in_flight.remove(&id) else {
            return Event::default();
        };
        let now = Instant::now();
        match result {
            Ok(()) => {
                self.answered();
                self.follow(parcel.sent(), Some(Attempted::Answered))
            }
            Err(SendError::Invalid {
                code,
                message,
                members,
            }) => {
                self.answered();
                let reason = Refusal::Rejected { code, message };
                self.follow(parcel.invalid(&members, &reason), Some(Attempted::Refused))
            }
            Err(SendError::Rejected { code, message }) => {
                self.answered();
                let everything: Vec<usize> = (0..parcel.batch.data().len()).collect();
                let reason = Refusal::Rejected { code, message };
                let outcome = parcel.invalid(&everything, &reason);
                self.follow(outcome, Some(Attempted::Refused))
            }
            Err(SendError::TooLarge(error)) => {
                self.answered();
                let reason = Refusal::Rejected {
                    code: "RequestEntityTooLarge".into(),
                    message: error.to_string(),
                };
                self.follow(parcel.too_large(&reason), Some(Attempted::Refused))
            }
            Err(SendError::Throttled(error)) => {
                self.condition.throttled(&*error);
                self.pace.throttled(now);
                self.follow(again(parcel), Some(Attempted::Throttled))
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
                    return self.follow(parcel.given_up(), Some(Attempted::Ambiguous));
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
        self.follow(again(parcel), Some(attempted))
    }

    fn follow(&mut self, outcome: Outcome, attempted: Option<Attempted>) -> Event {
        let Outcome { mut settled, rest } = outcome;
        rest.into_iter().for_each(|part| self.queue.push(part));
        settled.extend(self.overflow());
        Event { attempted, settled }
    }

    fn overflow(&mut self) -> Vec<Settled> {
        let in_flight = self.bytes_in_flight();
        std::iter::from_fn(|| self.queue.overflow(in_flight))
            .map(|parcel| parcel.dropped())
            .collect()
    }

    fn bytes_in_flight(&self) -> usize {
        let in_flight = self.in_flight.values();
        in_flight
            .map(|in_flight| in_flight.parcel.memory_len())
            .sum()
    }
}

/// All of it is tried again.
fn again(parcel: Parcel) -> Outcome {
    Outcome {
        settled: Vec::new(),
        rest: vec![parcel],
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
