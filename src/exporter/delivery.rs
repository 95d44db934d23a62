//! Sends what is queued, the oldest first, several requests at a time, and decides by each answer what comes next.

use super::condition::Condition;
use super::pace::Pace;
use super::parcel::{Outcome, Parcel};
use super::queue::Queue;
use super::spooling::{Entry, News, Spooling};
use super::stats::{Amount, Attempted, Ending, Settled};
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
    spool: Option<Spooling>,
    /// How many this process ever queued.
    queued: u64,
    send_jitter: Duration,
    /// What an attempt may take.
    patience: Duration,
}

/// A sink has a time-out of its own, and if not this one.
const MIN_PATIENCE: Duration = Duration::from_mins(1);

/// The number of all that came from the disk: no flush waits for it.
pub(super) const RESTORED: u64 = 0;

struct InFlight {
    parcel: Parcel,
    started: Instant,
}

/// What became of an attempt, or of data that were not attempted any more.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) attempted: Option<Attempted>,
    pub(super) settled: Vec<Settled>,
    /// Came from the disk, and is pending now.
    pub(super) loaded: Option<Loaded>,
    /// Was on disk alone, and is lost.
    pub(super) lost: Vec<Lost>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Loaded {
    pub(super) amount: Amount,
    /// Another process recorded it.
    pub(super) is_restored: bool,
}

/// How much, if this process recorded it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost(pub(super) Option<Amount>);

impl Delivery {
    pub(super) fn new(
        sink: Arc<dyn Sink>,
        clock: Arc<dyn Clock>,
        config: &Config,
        spool: Option<Spooling>,
    ) -> Self {
        let period = config.storage_resolution.period();
        Self {
            sink,
            clock,
            queue: Queue::new(config.queue_bytes),
            pace: Pace::new(config.max_in_flight, config.jitter_seed),
            condition: Condition::default(),
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            spool,
            queued: 0,
            send_jitter: config.send_jitter.min(period),
            patience: config.request_timeout.saturating_mul(2).max(MIN_PATIENCE),
        }
    }

    /// Queues a batch, and gives what had to go for it.
    pub(super) fn push(&mut self, batch: Batch) -> Vec<Settled> {
        self.queued += 1;
        let mut parcel = Parcel::new(self.queued, batch);
        if let Some(spool) = &mut self.spool {
            spool.store(&mut parcel);
        }
        self.queue.push(parcel);
        self.overflow()
    }

    /// All that is not settled yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Parcel> {
        let in_flight = self.in_flight.values().map(|in_flight| &in_flight.parcel);
        in_flight.chain(self.queue.iter())
    }

    /// The same, each with how much of it has perhaps arrived, and nobody will know if it is not tried again.
    pub(super) fn uncertain(&self) -> impl Iterator<Item = (&Parcel, Amount)> {
        let in_flight = self.in_flight.values().map(|in_flight| &in_flight.parcel);
        let in_flight = in_flight.map(|parcel| (parcel, parcel.uncertain(true)));
        let waiting = self.queue.iter();
        in_flight.chain(waiting.map(|parcel| (parcel, parcel.uncertain(false))))
    }

    /// The number that the next batch will have.
    pub(super) fn next_number(&self) -> u64 {
        self.queued + 1
    }

    /// Somebody waits: tries again now, not when the pauses are over.
    pub(super) fn hurry(&mut self) {
        self.pace.hurry(Instant::now());
        self.queue.hurry();
    }

    /// What is queued need not be held back for the fleet's sake.
    pub(super) fn gather(&mut self) {
        self.pace.gather();
    }

    /// Whether there is room for as much again as waits.
    pub(super) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// A window ended, as it did for everybody else.
    pub(super) fn spread(&mut self) {
        self.pace.spread(self.send_jitter, Instant::now());
    }

    /// The bytes of all that is not settled.
    pub(super) fn bytes(&self) -> usize {
        self.queue.bytes() + self.bytes_in_flight()
    }

    /// The bytes of all that is on disk.
    pub(super) fn spool_bytes(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spooling::bytes)
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
            if let Some(spool) = &mut self.spool
                && self.queue.has_room()
            {
                spool.load();
            }
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
                news = next_news(&mut self.spool) => return self.hear(news),
                () = sleep_until(start) => {}
            }
        }
    }

    /// What becomes of an attempt that is under way, until the deadline. Nothing else is started.
    pub(super) async fn last(&mut self, deadline: Option<Instant>) -> Option<Event> {
        tokio::select! {
            biased;
            done = self.attempts.join_next_with_id() => Some(self.finish(done?)),
            () = sleep_until(deadline) => None,
        }
    }

    /// Ends, when all that is not settled is on disk, if it has one.
    pub(super) async fn close(&mut self) {
        self.attempts.shutdown().await;
        if let Some(spool) = self.spool.take() {
            spool.close().await;
        }
    }

    /// Starts an attempt, unless some of it has waited for too long.
    fn start(&mut self, parcel: Parcel, now: Instant) -> Option<Event> {
        if let Some(outcome) = parcel.misdated(self.clock.now()) {
            return Some(self.follow(parcel.entry, outcome, None));
        }
        let (sink, batch) = (Arc::clone(&self.sink), Arc::clone(&parcel.batch));
        let begun = self.spool.as_ref();
        let begun = begun.and_then(|spool| spool.begin(parcel.entry));
        let patience = self.patience;
        let attempt = self.attempts.spawn(async move {
            if let Some(begun) = begun {
                begun.await;
            }
            let answer = tokio::time::timeout(patience, sink.send(&batch)).await;
            answer.unwrap_or_else(|late| Err(SendError::Ambiguous(late.into())))
        });
        self.pace.started(now);
        let started = now;
        self.in_flight
            .insert(attempt.id(), InFlight { parcel, started });
        None
    }

    /// What the disk has to say.
    fn hear(&mut self, news: News) -> Event {
        let mut event = Event::default();
        match news {
            News::Stored(ticket, entry, gone) => {
                let waiting = self.queue.iter_mut();
                for parcel in waiting.filter(|parcel| parcel.entry == Entry::Storing(ticket)) {
                    parcel.entry = entry;
                }
                let Some(spool) = &mut self.spool else {
                    return event;
                };
                event
                    .lost
                    .extend(spool.lost_early(ticket).map(|amount| Lost(Some(amount))));
                for id in gone {
                    if let Some(on_disk) = spool.forget(id) {
                        event.lost.push(Lost(on_disk.amount));
                        continue;
                    }
                    let in_flight = self.in_flight.values_mut();
                    let in_flight = in_flight.map(|in_flight| &mut in_flight.parcel);
                    let parcels = in_flight.chain(self.queue.iter_mut());
                    for parcel in parcels.filter(|parcel| parcel.entry == Entry::Stored(id)) {
                        parcel.entry = Entry::None;
                    }
                }
            }
            News::Loaded(on_disk, batch) => {
                let parcel = on_disk.into_parcel(RESTORED, batch);
                event.loaded = Some(Loaded {
                    amount: parcel.amount(),
                    is_restored: on_disk.amount.is_none(),
                });
                if parcel.is_repeated && parcel.batch.delivery() == Mode::AtMostOnce {
                    let settled = vec![parcel.ended(Ending::Ambiguous)];
                    let outcome = Outcome {
                        settled,
                        rest: Vec::new(),
                    };
                    let given_up = self.follow(parcel.entry, outcome, None);
                    event.settled = given_up.settled;
                } else {
                    self.queue.push(parcel);
                }
            }
            News::Lost(on_disk) => event.lost.push(Lost(on_disk.amount)),
            News::Nothing => {}
        }
        event
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
        let entry = parcel.entry;
        match result {
            Ok(()) => {
                self.answered();
                self.follow(entry, parcel.sent(), Some(Attempted::Answered))
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
            Err(SendError::Throttled(error)) => {
                self.condition.throttled(&*error);
                self.pace.throttled(now);
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
    fn repeat(&mut self, parcel: Parcel, attempted: Attempted) -> Event {
        if let Some(spool) = &mut self.spool
            && !parcel.is_repeated
        {
            spool.take_back(parcel.entry);
        }
        self.queue.push(parcel);
        Event {
            attempted: Some(attempted),
            settled: self.overflow(),
            ..Event::default()
        }
    }

    /// Some of a parcel is settled; what goes on takes the place of its entry on disk.
    fn follow(&mut self, entry: Entry, outcome: Outcome, attempted: Option<Attempted>) -> Event {
        let Outcome { mut settled, rest } = outcome;
        for mut part in rest {
            if let Some(spool) = &mut self.spool {
                spool.store(&mut part);
            }
            self.queue.push(part);
        }
        if let Some(spool) = &mut self.spool {
            spool.discard(entry);
        }
        settled.extend(self.overflow());
        Event {
            attempted,
            settled,
            ..Event::default()
        }
    }

    fn overflow(&mut self) -> Vec<Settled> {
        let in_flight = self.bytes_in_flight();
        let mut settled = Vec::new();
        while let Some(parcel) = self.queue.overflow(in_flight) {
            let spool = self.spool.as_mut();
            let is_on_disk = spool.is_some_and(|spool| spool.leave(&parcel));
            settled.push(if is_on_disk {
                parcel.ended(Ending::Spooled)
            } else {
                parcel.dropped()
            });
        }
        settled
    }

    fn bytes_in_flight(&self) -> usize {
        let in_flight = self.in_flight.values();
        in_flight
            .map(|in_flight| in_flight.parcel.memory_len())
            .sum()
    }
}

async fn next_news(spool: &mut Option<Spooling>) -> News {
    match spool {
        Some(spool) => spool.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
