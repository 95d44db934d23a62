//! Sends what is queued, the oldest first, several requests at a time, and decides by each answer what comes next.

pub(crate) mod alarm;
mod answer;
mod clock_skew;
mod condition;
mod disk;
pub(crate) mod entry;
pub(crate) mod event;
mod pace;
pub(crate) mod pack;
mod parcel;
mod queue;
pub(crate) mod spooling;
mod try_once;

use crate::clock::Clock;
use crate::delivery::alarm::sleep_until;
use crate::delivery::clock_skew::{ClockSkew, Correction};
use crate::delivery::condition::Condition;
use crate::delivery::entry::Entry;
use crate::delivery::event::{Attempted, Event, RESTORED, Settled, SpoolUsage, Unsettled};
use crate::delivery::pace::Pace;
use crate::delivery::pack::Packer;
use crate::delivery::parcel::{Outcome, Parcel};
use crate::delivery::queue::Queue;
use crate::delivery::spooling::{News, Spooling};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::evicted::EvictedBytes;
use crate::model::profile::Profile;
use crate::model::refusal::Refusal;
use crate::model::sink::AnySink;
use crate::settings::{Config, Delivery as Mode};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use try_once::{Tried, try_once};

/// What a sink may take to close.
const CLOSING: Duration = Duration::from_secs(5);

pub(crate) struct Delivery {
    sink: Arc<dyn AnySink>,
    profile: Profile,
    clock: Arc<dyn Clock>,
    clock_skew: ClockSkew,
    queue: Queue,
    pace: Pace,
    condition: Condition,
    attempts: JoinSet<Tried>,
    in_flight: HashMap<Id, InFlight>,
    spool: Option<Spooling>,
    /// How many this process ever queued.
    queued: u64,
    send_jitter: Duration,
    /// What a request may take.
    request_timeout: Duration,
}

struct InFlight {
    parcel: Parcel,
    started: Instant,
    correction: Correction,
}

impl Delivery {
    pub(crate) fn new(
        sink: Arc<dyn AnySink>,
        clock: Arc<dyn Clock>,
        config: &Config,
        spool: Option<Spooling>,
        evicted: EvictedBytes,
    ) -> Self {
        let period = config.storage_resolution.period();
        Self {
            profile: sink.profile(),
            sink,
            clock,
            clock_skew: ClockSkew::new(config.corrects_clock_skew),
            queue: Queue::new(config.queue_bytes, evicted),
            pace: Pace::new(config.max_in_flight, config.jitter_seed),
            condition: Condition::of(Arc::clone(&config.destination)),
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            spool,
            queued: 0,
            send_jitter: config.send_jitter.min(period),
            request_timeout: config.request_timeout,
        }
    }

    /// Queues a batch, and gives what had to go for it.
    pub(crate) fn push(&mut self, batch: Batch) -> Vec<Settled> {
        self.queued += 1;
        let mut parcel = Parcel::new(self.queued, batch);
        if let Some(spool) = &mut self.spool {
            spool.store(&mut parcel, Entry::None, Instant::now());
        }
        self.queue.push(parcel);
        self.overflow()
    }

    /// All that this process recorded and that is not settled yet, wherever it is.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Unsettled> {
        let own = self
            .pending()
            .filter(|(parcel, _)| parcel.number != RESTORED);
        let in_memory = own.map(|(parcel, is_in_flight)| Unsettled {
            number: parcel.number,
            data: parcel.data().count(),
            amount: parcel.amount(),
            uncertain: parcel.uncertain(is_in_flight),
            is_spooled: false,
        });
        let spool = self.spool.iter();
        in_memory.chain(spool.flat_map(Spooling::unsettled))
    }

    /// Fills batches for the sink.
    pub(crate) fn packer<'a>(&'a self, config: &'a Config) -> Packer<'a> {
        Packer::new(config, &*self.sink, self.profile)
    }

    /// Whether the sink would take a datum.
    pub(crate) fn check(&self, datum: &Datum) -> Result<(), Box<Refusal>> {
        self.sink.check(datum)
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    /// How much has perhaps arrived, and nobody will know if it is not tried again.
    pub(crate) fn uncertain(&self) -> Amount {
        let mut uncertain = Amount::default();
        for (parcel, is_in_flight) in self.pending() {
            uncertain.add(parcel.uncertain(is_in_flight));
        }
        uncertain
    }

    /// All in memory that is not settled yet, and whether it is in flight.
    fn pending(&self) -> impl Iterator<Item = (&Parcel, bool)> {
        let in_flight = self.in_flight.values();
        let in_flight = in_flight.map(|in_flight| (&in_flight.parcel, true));
        in_flight.chain(self.queue.iter().map(|parcel| (parcel, false)))
    }

    /// The number that the next batch will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.queued + 1
    }

    /// Somebody waits: tries again now, not when the pauses are over.
    pub(crate) fn hurry(&mut self) {
        self.pace.hurry(Instant::now());
        self.queue.hurry();
    }

    /// What is queued need not be held back for the fleet's sake.
    pub(crate) fn gather(&mut self) {
        self.pace.gather();
    }

    /// Whether there is room for as much again as waits.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// A window ended, as it did for everybody else.
    pub(crate) fn spread(&mut self) {
        self.pace.spread(self.send_jitter, Instant::now());
    }

    /// The bytes of all that is not settled.
    pub(crate) fn bytes(&self) -> usize {
        self.queue.bytes() + self.bytes_in_flight()
    }

    pub(crate) fn spool_usage(&self) -> SpoolUsage {
        let usage = self.spool.as_ref().map(Spooling::usage);
        usage.unwrap_or_default()
    }

    /// The time stamp of the oldest that is not settled.
    pub(crate) fn oldest(&self) -> Option<SystemTime> {
        let in_memory = self.pending().map(|(parcel, _)| parcel.oldest());
        let on_disk = self.spool.iter().flat_map(Spooling::oldest);
        in_memory.chain(on_disk).min()
    }

    /// What happens next; never, if there is nothing to send. What an earlier process left stays on disk, if only
    /// what `is_own` is to be sent. May be dropped and called again at any time.
    pub(crate) async fn next(&mut self, is_own: bool) -> Event {
        loop {
            self.ask_the_disk(is_own);
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
    pub(crate) async fn last(&mut self, deadline: Option<Instant>) -> Option<Event> {
        tokio::select! {
            biased;
            done = self.attempts.join_next_with_id() => Some(self.finish(done?)),
            () = sleep_until(deadline) => None,
        }
    }

    /// Ends, when all that is not settled is on disk, if it has one.
    pub(crate) async fn close(&mut self) {
        self.attempts.shutdown().await;
        let spool = self.spool.take();
        let to_disk = async {
            if let Some(spool) = spool {
                spool.close().await;
            }
        };
        let closing = tokio::time::timeout(CLOSING, self.sink.close());
        let (closed, ()) = tokio::join!(closing, to_disk);
        if closed.is_err() {
            tracing::warn!("the sink did not close in time");
        }
    }

    /// Starts an attempt, unless some of it has waited for too long.
    fn start(&mut self, parcel: Parcel, now: Instant) -> Option<Event> {
        if let Some(outcome) = parcel.misdated(self.clock.now()) {
            return Some(self.follow(parcel.entry, outcome, None));
        }
        let parcel = self.admit(parcel, now)?;
        let is_strict = parcel.batch.delivery() == Mode::AtMostOnce;
        let begun = self.spool.as_ref();
        let begun = begun.and_then(|spool| spool.begin(&parcel, is_strict));
        let (sink, clock) = (Arc::clone(&self.sink), Arc::clone(&self.clock));
        let (batch, correction) = self.clock_skew.correct(&parcel.batch, self.clock.now());
        let attempt =
            self.attempts
                .spawn(try_once(sink, batch, begun, self.request_timeout, clock));
        self.pace.started(now);
        let in_flight = InFlight {
            parcel,
            started: now,
            correction,
        };
        self.in_flight.insert(attempt.id(), in_flight);
        None
    }

    /// Some of a parcel is settled; what goes on takes the place of its entry on disk.
    fn follow(&mut self, entry: Entry, outcome: Outcome, attempted: Option<Attempted>) -> Event {
        let Outcome { mut settled, rest } = outcome;
        let mut replaced = entry;
        for mut part in rest {
            if let Some(spool) = &mut self.spool {
                spool.store(&mut part, std::mem::take(&mut replaced), Instant::now());
            }
            self.queue.push(part);
        }
        if let Some(spool) = &mut self.spool {
            spool.discard(replaced);
        }
        settled.extend(self.overflow());
        Event {
            attempted,
            settled,
            ..Event::default()
        }
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

#[cfg(test)]
mod tests;
