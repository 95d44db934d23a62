//! Requests: a batch, several small ones that waited, or those parts of batches that a search tests.

use crate::delivery::Delivery;
use crate::delivery::clock_skew::Correction;
use crate::delivery::journaling::patience;
use crate::delivery::marking::Clearance;
use crate::delivery::queue::InFlight;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::try_once::try_once;
use crate::model::attempt::Attempt;
use crate::model::batch::{Batch, BatchKey};
use crate::model::profile::Profile;
use crate::model::sink::AnySink;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::time::Instant;

/// A request that is under way, or waits for the journal.
#[derive(Debug)]
pub(super) struct Request {
    /// The batches that it has data of, in the order of these.
    pub(super) numbers: Vec<u64>,
    pub(super) started: Instant,
    /// Whether it searches for bad data.
    pub(super) is_test: bool,
    /// Of the time stamps that are sent.
    pub(super) correction: Correction,
    /// None, while it waits for the journal.
    pub(super) attempt: Option<Attempt>,
}

/// A batch that may be sent, and the call by which the journal is to mark it first.
pub(super) struct Cleared {
    queued: QueuedBatch,
    mark: Option<u64>,
}

impl Delivery {
    /// Begins to send what is ready, if there is something.
    pub(super) fn start(&mut self, now: Instant) {
        let Some(first) = self.queue.pop_ready(now) else {
            return;
        };
        let Some(first) = self.prepare(first, now) else {
            return;
        };
        let mut parts = vec![first];
        self.gather_more(&mut parts, now);
        self.depart(parts, false, now);
    }

    /// What may be sent of a batch now. What may not is settled, or waits.
    fn prepare(&mut self, queued: QueuedBatch, now: Instant) -> Option<Cleared> {
        let (number, durability) = (queued.number, queued.durability);
        if let Some(verdict) = queued.misdated(&self.clock_skew, self.clock.now()) {
            self.conclude(number, durability, verdict);
            return None;
        }
        let mut queued = self.sort(queued, now)?;
        if queued.ready_at().is_some_and(|at| at > now) {
            self.queue.push(queued);
            return None;
        }
        let data = queued.batch.data().len();
        let most = queued
            .unknown_fates
            .data(data)
            .min(self.fits(&queued.batch));
        if most < data {
            queued.select_first(most);
        }
        self.clear(queued, now)
    }

    /// How many of a batch's first data fit into a request, one at least: an earlier process may have packed it for another
    /// sink.
    fn fits(&self, batch: &Batch) -> usize {
        let Profile {
            max_data,
            max_bytes,
            ..
        } = self.profile;
        let data = batch.data().len().min(max_data);
        if batch.request_len(&*self.sink) <= max_bytes {
            return data;
        }
        let (mut first, mut len) = (Batch::open(batch.key().clone()), 0);
        for datum in &batch.data()[..data] {
            len += self.sink.added_len(&first, datum);
            if len > max_bytes {
                break;
            }
            first.push(datum.clone());
        }
        first.data().len().max(1)
    }

    /// It may be sent, as far as the journal goes; or it waits on.
    pub(super) fn clear(&mut self, mut queued: QueuedBatch, now: Instant) -> Option<Cleared> {
        let mark = match self.clearance(&mut queued, now) {
            Clearance::Now => None,
            Clearance::AfterMark(mark) => Some(mark),
            Clearance::Later => {
                self.queue.push(queued);
                return None;
            }
        };
        Some(Cleared { queued, mark })
    }

    /// Adds batches that are ready and fit: small ones, that waited.
    fn gather_more(&mut self, parts: &mut Vec<Cleared>, now: Instant) {
        let first = &parts[0].queued.batch;
        let is_full = first.data().len() >= self.profile.max_data;
        // A destination may refuse totals by their number alone: then all of a batch's are owed to the next.
        if is_full || first.is_harmless() || !parts[0].queued.unknown_fates.is_none() {
            return;
        }
        let mut filling = Filling::default();
        let mut is_first = true;
        while let Some(next) = self.queue.next_with(&parts[0].queued, now) {
            if std::mem::take(&mut is_first) {
                filling.takes(&*self.sink, self.profile, &parts[0].queued.batch);
            }
            let is_alike = next.unknown_fates.is_none();
            if !is_alike || !filling.takes(&*self.sink, self.profile, &next.batch) {
                return;
            }
            let next = next.number;
            let next = self.queue.take(next);
            parts.extend(next.and_then(|next| self.prepare(next, now)));
        }
    }

    /// These go in one request, once the journal has marked what is to be marked.
    pub(super) fn depart(&mut self, parts: Vec<Cleared>, is_test: bool, now: Instant) {
        self.request_start.started(is_test, now);
        let request = self.next_request;
        self.next_request += 1;
        let mut numbers = Vec::with_capacity(parts.len());
        for Cleared { mut queued, mark } in parts {
            numbers.push(queued.number);
            queued.unknown_fates.begin(self.answers);
            let until = now + patience(queued.batch.guarantee());
            self.queue.depart(InFlight {
                queued,
                request,
                marking: mark.map(|mark| (mark, until)),
            });
        }
        let under_way = Request {
            numbers,
            started: now,
            is_test,
            correction: Correction::NONE,
            attempt: None,
        };
        self.requests.insert(request, under_way);
        self.send(request);
    }

    /// Nothing stands in the way of this batch any more.
    pub(super) fn cleared(&mut self, number: u64) {
        if let Some(in_flight) = self.queue.in_flight_mut(number) {
            in_flight.marking = None;
            let request = in_flight.request;
            self.send(request);
        }
    }

    /// This batch is not sent: the others of its request are.
    pub(super) fn leave_out(&mut self, in_flight: &InFlight) {
        let number = in_flight.request;
        let Some(request) = self.requests.get_mut(&number) else {
            return;
        };
        let left_out = in_flight.queued.number;
        request.numbers.retain(|number| *number != left_out);
        let (is_test, is_empty) = (request.is_test, request.numbers.is_empty());
        if is_empty {
            self.requests.remove(&number);
        }
        if is_test {
            self.leave_out_of_test(&in_flight.queued, is_empty);
        }
        self.send(number);
    }

    /// Requests that were not sent are no more. Gives the numbers of their batches, which are in flight still.
    pub(super) fn withdraw_unsent(&mut self) -> Vec<u64> {
        let sent: HashSet<u64> = self.tasks.values().copied().collect();
        let unsent = self.requests.extract_if(|number, _| !sent.contains(number));
        let unsent: Vec<Request> = unsent.map(|(_, request)| request).collect();
        if unsent.iter().any(|request| request.is_test) {
            self.doubts.put_off(false);
        }
        let numbers = unsent.into_iter().flat_map(|request| request.numbers);
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        numbers
    }

    /// Sends a request, if nothing stands in the way of its batches any more.
    fn send(&mut self, number: u64) {
        let Some(request) = self.requests.get_mut(&number) else {
            return;
        };
        let queue = &self.queue;
        let parts = request
            .numbers
            .iter()
            .map(|number| queue.in_flight(*number));
        let parts: Option<Vec<&InFlight>> = parts.collect();
        let Some(parts) = parts.filter(|parts| parts.iter().all(|one| one.marking.is_none()))
        else {
            return;
        };
        let batch = match &parts[..] {
            [] => return,
            [only] => Arc::clone(&only.queued.batch),
            several => {
                let data = several.iter().flat_map(|one| one.queued.batch.data());
                let key = several[0].queued.batch.key().clone();
                Arc::new(Batch::of(key, data.cloned()))
            }
        };
        let timeouts = parts.iter().map(|part| part.queued.unknown_fates);
        let timeouts = timeouts.map(|fates| fates.timeout(self.request_timeout));
        let timeout = timeouts.max().unwrap_or(self.request_timeout);
        let (batch, correction) = self.clock_skew.correct(&batch, self.clock.now());
        request.correction = correction;
        let (sink, clock) = (Arc::clone(&self.sink), Arc::clone(&self.clock));
        let attempt = Attempt::by_clock(timeout, clock);
        request.attempt = Some(attempt.clone());
        let trying = try_once(sink, batch, attempt, self.state_log.wait_log());
        let task = self.attempts.spawn(trying);
        self.tasks.insert(task.id(), number);
    }
}

/// What a request has so far.
#[derive(Default)]
pub(super) struct Filling {
    key: Option<BatchKey>,
    data: usize,
    /// By the sink's account, which counts what all requests have for each batch.
    len: usize,
}

impl Filling {
    /// Adds what the next attempt of a batch sends, if there is room.
    pub(super) fn takes(&mut self, sink: &dyn AnySink, profile: Profile, next: &Batch) -> bool {
        let key = self.key.get_or_insert_with(|| next.key().clone());
        let data = self.data + next.data().len();
        if key != next.key() || data > profile.max_data {
            return false;
        }
        let len = self.len + next.request_len(sink);
        let fits = self.data == 0 || len <= profile.max_bytes;
        if fits {
            (self.data, self.len) = (data, len);
        }
        fits
    }
}
