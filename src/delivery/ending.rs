//! How delivery ends: what is under way, what has perhaps arrived, and what goes to disk for the next process.

use crate::delivery::Delivery;
use crate::delivery::alarm::sleep_until;
use crate::delivery::durability::Durability;
use crate::delivery::ledger::Outcome;
use crate::delivery::queued_batch::Verdict;
use crate::model::attempt::Attempt;
use std::time::Duration;
use tokio::time::Instant;

/// What a sink may take to close.
const CLOSING: Duration = Duration::from_secs(5);

impl Delivery {
    /// Waits for an attempt that is under way, until the deadline; false, if there is none or no time. Nothing else is
    /// started.
    pub(crate) async fn last(&mut self, deadline: Option<Instant>) -> bool {
        self.hold_all_back();
        let done = tokio::select! {
            biased;
            done = self.attempts.join_next_with_id() => done,
            () = sleep_until(deadline) => None,
        };
        let is_one = done.is_some();
        if let Some(done) = done {
            self.finish(done);
        }
        self.set_levels();
        is_one
    }

    /// Requests that wait for credentials are not to leave any more. Their data wait as if they had not been tried.
    fn withdraw_waiting(&mut self) {
        let requests = self.requests.values();
        let withdrawn = requests.filter(|one| one.attempt.as_ref().is_some_and(Attempt::withdraw));
        let withdrawn: Vec<u64> = withdrawn.flat_map(|one| one.numbers.clone()).collect();
        for number in withdrawn {
            if let Some(in_flight) = self.queue.arrive(number) {
                let mut queued = in_flight.queued;
                queued.unite();
                self.take_back(&mut queued);
                self.queue.push(queued);
            }
        }
    }

    /// Nothing is tried any more: what has perhaps arrived, and is not on disk, is ambiguous.
    pub(crate) fn give_up_uncertain(&mut self) {
        self.withdraw_waiting();
        let in_memory = self.queue.in_memory();
        let uncertain = in_memory.filter(|(queued, is_in_flight)| {
            let is_uncertain = queued.is_repeated || *is_in_flight;
            is_uncertain && !queued.durability.is_on_disk()
        });
        let uncertain: Vec<u64> = uncertain.map(|(queued, _)| queued.number).collect();
        for number in uncertain {
            let in_flight = self.queue.arrive(number);
            let queued = in_flight.map(|in_flight| in_flight.queued);
            let Some(mut queued) = queued.or_else(|| self.queue.take(number)) else {
                continue;
            };
            if let Durability::Writing {
                write, has_older, ..
            } = queued.durability
                && let Some(journal) = &mut self.journal
            {
                if journal.writer.cancel(write) {
                    queued.durability = Durability::unwritten(has_older);
                } else {
                    // The next process finds it, and that it was begun.
                    journal.writer.mark(number);
                    self.queue.push(queued);
                    continue;
                }
            }
            let durability = queued.durability;
            let verdict = if queued.is_repeated {
                Verdict {
                    settled: vec![queued.settled(Outcome::Ambiguous)],
                    rest: None,
                }
            } else {
                queued.given_up()
            };
            self.conclude(number, durability, verdict);
        }
        self.set_levels();
    }

    /// Nothing can be sent or waited for any more: what the journal does not take is lost.
    pub(crate) fn abandon(&mut self) {
        self.hold_all_back();
        self.give_up_uncertain();
        self.write_all();
        let in_memory = self.queue.in_memory();
        let lost = in_memory.filter(|(queued, _)| queued.durability == Durability::Memory);
        let lost: Vec<u64> = lost.map(|(queued, _)| queued.number).collect();
        for number in lost {
            if let Some(queued) = self.queue.take(number) {
                let settled = queued.dropped();
                self.ledger.settle(number, &settled);
                self.owed.add(number, &settled, &self.ledger);
            }
        }
        self.set_levels();
    }

    /// Ends, when all that is not settled is on disk, if there is a journal.
    pub(crate) async fn close(&mut self) {
        self.attempts.shutdown().await;
        self.write_all();
        let journal = self.journal.take();
        let to_disk = async {
            if let Some(Err(error)) = match journal {
                Some(journal) => Some(journal.writer.close().await),
                None => None,
            } {
                tracing::error!(error = %error.with_reason(), "the journal may not have all data");
            }
        };
        let closing = tokio::time::timeout(CLOSING, self.sink.close());
        let (closed, ()) = tokio::join!(closing, to_disk);
        if closed.is_err() {
            tracing::warn!("the sink did not close in time");
        }
    }
}
