//! Sends what is queued, the oldest first, several requests at a time, and decides by each answer what comes next.

pub(crate) mod alarm;
mod answer;
mod backoff;
mod best_clock;
mod clock_skew;
mod condition;
mod doubts;
mod durability;
mod ending;
mod isolate;
mod journaling;
pub(crate) mod ledger;
mod line_budget;
mod marking;
pub(crate) mod owed_totals;
pub(crate) mod pack;
pub(crate) mod queue;
mod queued_batch;
mod rate_limit;
mod refusal_budget;
mod refusal_log;
mod refusals;
mod reload;
mod request;
mod request_start;
mod restored;
mod stamp_age;
mod state_log;
mod try_once;
mod unknown_fates;
pub(crate) mod unqueued;
mod unwritten;
mod verdict;
mod wait_log;

use crate::clock::Clock;
use crate::delivery::alarm::sleep_until;
use crate::delivery::clock_skew::ClockSkew;
use crate::delivery::doubts::Doubts;
use crate::delivery::durability::Durability;
use crate::delivery::isolate::Released;
use crate::delivery::journaling::Journaling;
use crate::delivery::ledger::{Ledger, Levels, Outcome, Settled};
use crate::delivery::owed_totals::OwedTotals;
use crate::delivery::pack::Packer;
use crate::delivery::queue::{OnDisk, Queue};
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::delivery::request::Request;
use crate::delivery::request_start::RequestStart;
use crate::delivery::state_log::StateLog;
use crate::delivery::try_once::Tried;
use crate::journal::{Recovered, Report, Writer};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::evicted::EvictedBytes;
use crate::model::guarantee::Guarantee;
use crate::model::profile::{Profile, Temporality};
use crate::model::refusal::Refusal;
use crate::model::sink::AnySink;
use crate::settings::Config;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

pub(crate) struct Delivery {
    sink: Arc<dyn AnySink>,
    profile: Profile,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    queue: Queue,
    request_start: RequestStart,
    state_log: StateLog,
    clock_skew: ClockSkew,
    attempts: JoinSet<Tried>,
    /// The numbers of the requests that are being sent, by task.
    tasks: HashMap<Id, u64>,
    requests: HashMap<u64, Request>,
    next_request: u64,
    /// How many requests were answered.
    answers: u64,
    doubts: Doubts,
    released: Released,
    /// When what was refused alone is tested again, if nothing is accepted before.
    pardons_at: Option<Instant>,
    /// What is to be tested waits for the disk until then.
    tests_from: Option<Instant>,
    journal: Option<Journaling>,
    /// The number of the next batch.
    next_number: u64,
    owed: OwedTotals,
    send_jitter: Duration,
    /// What a request may take.
    request_timeout: Duration,
}

impl Delivery {
    pub(crate) fn new(
        sink: Arc<dyn AnySink>,
        clock: Arc<dyn Clock>,
        config: &Config,
        journal: Option<(Writer, Recovered)>,
        evicted: EvictedBytes,
        ledger: Arc<Ledger>,
    ) -> Self {
        let recovered = journal.as_ref().map(|(_, recovered)| recovered);
        let first_own = recovered.map_or(1, |recovered| recovered.next.max(1));
        let profile = sink.profile();
        let destination = Arc::clone(&config.destination);
        let state_log = StateLog::of(destination, Arc::clone(&clock), Arc::clone(&ledger));
        let in_order = profile.temporality() == Temporality::Cumulative;
        let mut queue = Queue::new(config.queue_bytes, evicted, first_own, in_order);
        let journal = journal.map(|(writer, recovered)| {
            for record in &recovered.records {
                queue.leave_to_disk(
                    record.number,
                    OnDisk::restored(record.number, record.is_begun),
                );
            }
            let mut books = ledger.books();
            books.lost_records += recovered.damaged;
            books.later_records = recovered.later.len() as u64;
            books.refused_files = recovered.refused.len() as u64;
            Journaling::new(writer, &recovered)
        });
        let delivery = Self {
            profile,
            sink,
            clock_skew: ClockSkew::new(config.corrects_clock_skew, clock.now()),
            clock,
            ledger,
            queue,
            request_start: RequestStart::new(config.max_in_flight, config.jitter_seed),
            state_log,
            attempts: JoinSet::new(),
            tasks: HashMap::new(),
            requests: HashMap::new(),
            next_request: 0,
            answers: 0,
            doubts: Doubts::new(!in_order),
            released: Released::default(),
            pardons_at: None,
            tests_from: None,
            journal,
            next_number: first_own,
            owed: OwedTotals::default(),
            send_jitter: config.send_jitter.min(config.period()),
            request_timeout: config.request_timeout,
        };
        // What is on disk counts from now on.
        delivery.set_levels();
        delivery
    }

    /// Queues batches of data that were gathered together.
    pub(crate) fn push(&mut self, batches: Vec<Batch>) {
        let group = self.next_number;
        for batch in batches {
            self.push_one(batch, group);
        }
    }

    fn push_one(&mut self, batch: Batch, group: u64) {
        let mut queued = QueuedBatch::new(self.next_number, batch);
        queued.group = group;
        self.next_number += 1;
        let data = queued.batch.data().len();
        (self.ledger).entered(queued.number, data, queued.amount());
        self.pay(&mut queued);
        self.store(&mut queued);
        self.queue.push(queued);
        self.overflow();
        self.set_levels();
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

    /// The number of the first batch that this process queued; data and amount of all since that are not settled.
    pub(crate) fn unsettled(&self) -> (u64, usize, Amount) {
        let (data, amount) = self.queue.unsettled();
        (self.queue.first_own(), data, amount)
    }

    /// The number that the next batch will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// What is in the journal alone of this process's batches before this number.
    pub(crate) fn journaled_before(&self, end: u64) -> Amount {
        self.queue.journaled_before(end)
    }

    /// Somebody waits: tries again now, not when the pauses are over.
    pub(crate) fn hurry(&mut self) {
        self.request_start.hurry(Instant::now());
        self.queue.hurry();
    }

    /// What is queued need not be held back for the fleet's sake.
    pub(crate) fn gather(&mut self) {
        self.request_start.gather();
    }

    /// A window ended, as it did for everybody else.
    pub(crate) fn spread(&mut self) {
        self.request_start.spread(self.send_jitter, Instant::now());
    }

    /// The bytes of all that is not settled.
    pub(crate) fn bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Returns when something happened; never, if there is nothing to send. What an earlier process left stays on
    /// disk, if only what `is_own` is to be sent. May be dropped and called again at any time.
    pub(crate) async fn next(&mut self, is_own: bool) {
        loop {
            self.write_behind();
            self.reload(is_own);
            let now = Instant::now();
            if self.stop_marking(now) {
                break;
            }
            self.release_due(now);
            self.pardon_due(now);
            let start = self.request_start.next(self.requests.len(), now);
            let start = start.and_then(|start| Some(start.max(self.queue.next_ready(now)?)));
            if start.is_some_and(|start| start <= now) {
                self.start(now);
                break;
            }
            let test = self.next_test(now);
            if test.is_some_and(|test| test <= now) {
                self.start_test(now);
                break;
            }
            let journal = self.journal.as_ref();
            let read_again = journal.and_then(|journal| journal.reload.again);
            let passes_over = self.passes_over_at();
            let tries_disk = self.tries_disk_at(now);
            let wakes = [
                start,
                test,
                self.released.until,
                self.pardons_at,
                self.marking_until(),
                read_again,
                passes_over,
                tries_disk,
            ];
            let wake = wakes.into_iter().flatten().min();
            tokio::select! {
                biased;
                Some(done) = self.attempts.join_next_with_id() => {
                    self.finish(done);
                    break;
                }
                report = next_report(&mut self.journal) => {
                    self.heard(report);
                    break;
                }
                () = sleep_until(wake) => {}
            }
        }
        self.set_levels();
        debug_assert_eq!(
            self.ledger.books().account.pending.data,
            self.queue.data(),
            "what is pending is in the queue"
        );
    }

    /// Some of a batch is settled; what is left takes its place.
    fn conclude(&mut self, number: u64, durability: Durability, verdict: Verdict) {
        for settled in &verdict.settled {
            self.settle(number, settled);
        }
        if let Some(mut rest) = verdict.rest {
            rest.durability = durability;
            self.store(&mut rest);
            self.wait(rest, Instant::now());
        } else {
            self.discard(number, durability);
            self.overflow();
        }
    }

    /// Enters in the ledger what became of data, and says what has to be said.
    fn settle(&mut self, number: u64, settled: &Settled) {
        self.ledger.settle(number, settled);
        self.owed.add(number, settled, &self.ledger);
        match &settled.outcome {
            Outcome::Dropped => self.state_log.dropped(settled.amount),
            // Not with every request while there is more than goes through.
            Outcome::Delivered | Outcome::HandedOver if self.queue.has_room() => {
                self.state_log.has_room();
            }
            _ => {}
        }
    }

    pub(crate) fn set_levels(&self) {
        let writer = self.journal.as_ref().map(|journal| &journal.writer);
        self.ledger.set_levels(Levels {
            queue_bytes: self.queue.bytes(),
            journal_bytes: writer.map_or(0, Writer::bytes),
            journal_writing_bytes: writer.map_or(0, Writer::writing_bytes),
            journaled: self.queue.journaled(),
            own_journaled: self.queue.own_journaled(),
            in_doubt: self.queue.held(),
            oldest: self.queue.oldest(),
        });
    }
}

async fn next_report(journal: &mut Option<Journaling>) -> Report {
    match journal {
        Some(journal) => journal.writer.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
