//! The search for bad data: what waits for it, what it sends, and what an answer to that means.

use crate::delivery::Delivery;
use crate::delivery::doubts::{Condemned, SeriesHash, Standing};
use crate::delivery::ledger::Attempted;
use crate::delivery::queued_batch::QueuedBatch;
use crate::delivery::request::Filling;
use crate::model::datum::Datum;
use crate::model::refusal::Refusal;
use crate::model::send_result::Sent;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// After an accepted test, what it released waits no longer than this for what the next ones release.
const RELEASE_WITHIN: Duration = Duration::from_secs(10);

/// Without an accepted request, what was refused alone is tested again no sooner.
const PARDON_AFTER: Duration = Duration::from_mins(1);

/// Held batches that have data that are not in doubt any more.
#[derive(Debug, Default)]
pub(super) struct Released {
    numbers: BTreeSet<u64>,
    pub(super) until: Option<Instant>,
}

impl Delivery {
    /// What may be sent of a batch in the next attempt. What is in doubt waits; what is known to be refused is.
    pub(super) fn sort(&mut self, queued: QueuedBatch, now: Instant) -> Option<QueuedBatch> {
        if self.doubts.is_empty() {
            return Some(queued);
        }
        let mut queued = self.refuse_remembered(queued, now)?;
        let (doubts, number) = (&self.doubts, queued.number);
        let is_free = |datum: &Datum| doubts.standing(number, datum, now) == Standing::Free;
        if queued.data().any(is_free) {
            queued.select(is_free);
            Some(queued)
        } else {
            self.hold(queued, now);
            None
        }
    }

    /// Refuses data of series that are known to be refused. Gives what is left.
    fn refuse_remembered(&mut self, queued: QueuedBatch, now: Instant) -> Option<QueuedBatch> {
        let mut by_reason: Vec<(Refusal, Vec<Datum>)> = Vec::new();
        let mut others = Vec::new();
        for datum in queued.data() {
            let Standing::Remembered(reason) = self.doubts.standing(queued.number, datum, now)
            else {
                others.push(datum.clone());
                continue;
            };
            match by_reason.iter_mut().find(|(one, _)| *one == reason) {
                Some((_, data)) => data.push(datum.clone()),
                None => by_reason.push((reason, vec![datum.clone()])),
            }
        }
        if by_reason.is_empty() {
            return Some(queued);
        }
        let (number, durability) = (queued.number, queued.durability);
        for (reason, data) in &by_reason {
            self.settle(number, &queued.refused(data, reason));
        }
        let Some(mut rest) = queued.part(others) else {
            self.discard(number, durability);
            return None;
        };
        rest.durability = durability;
        self.store(&mut rest);
        Some(rest)
    }

    /// All of a batch waits for the search.
    fn hold(&mut self, mut queued: QueuedBatch, now: Instant) {
        queued.unite();
        queued.is_held = true;
        let was_searching = self.doubts.is_searching();
        self.doubts.enter(&queued, now);
        if !was_searching && self.doubts.is_searching() {
            self.request_start.search_goes_on(now);
        }
        self.queue.push(queued);
        if self.queue.is_held_full() {
            // Some of it is healthy by now.
            self.release_all();
        }
        while let Some(oldest) = self.queue.overflow_held() {
            self.doubts.leave(&oldest);
            self.state_log
                .dropped_in_doubt(oldest.amount(), self.doubts.last_reason());
            self.settle(oldest.number, &oldest.dropped());
            self.discard(oldest.number, oldest.durability);
        }
    }

    /// What is left of a batch waits again: for its turn, or for the search.
    pub(super) fn wait(&mut self, queued: QueuedBatch, now: Instant) {
        if let Some(queued) = self.sort(queued, now) {
            self.queue.push(queued);
        }
        self.overflow();
    }

    /// The search no longer holds these. They go together with others, if that does not take long: each test may release some.
    fn release(&mut self, numbers: BTreeSet<u64>, now: Instant) {
        if !numbers.is_empty() {
            self.released.numbers.extend(numbers);
            self.released.until.get_or_insert(now + RELEASE_WITHIN);
        }
        if self.queue.is_in_order() {
            self.release_all();
        }
    }

    /// Lets go what is not to be held any longer, if there are no more tests for now.
    pub(super) fn release_due(&mut self, now: Instant) {
        let Some(until) = self.released.until else {
            return;
        };
        if until <= now || !self.doubts.is_searching() {
            self.release_all();
        }
    }

    fn release_all(&mut self) {
        let released = std::mem::take(&mut self.released);
        for number in released.numbers {
            if let Some(queued) = self.take_held(number) {
                self.queue.push(queued);
            }
        }
    }

    fn take_held(&mut self, number: u64) -> Option<QueuedBatch> {
        let mut queued = self.queue.take_held(number)?;
        queued.is_held = false;
        self.doubts.leave(&queued);
        Some(queued)
    }

    /// What was refused alone is tested again, as nothing else was accepted for long.
    pub(super) fn pardon_due(&mut self, now: Instant) {
        if self.pardons_at.is_some_and(|at| at <= now) {
            self.pardon();
        }
    }

    /// What was refused alone is tested again.
    pub(super) fn pardon(&mut self) {
        self.pardons_at = None;
        self.doubts.pardon();
    }

    /// When the next test may begin: once nothing else is to be sent, as healthy data go first.
    pub(super) fn next_test(&mut self, now: Instant) -> Option<Instant> {
        if !self.doubts.has_test() || !self.queue.may_test() {
            return None;
        }
        let is_behind = self.queue.has_ready(now);
        let next = self.request_start.next_test(self.requests.len(), now);
        let next = next.filter(|_| !is_behind)?;
        Some(self.tests_from.map_or(next, |from| from.max(next)))
    }

    /// Sends a datum of each series of the group that is to be tested next.
    pub(super) fn start_test(&mut self, now: Instant) {
        let mut wanted: BTreeMap<u64, HashSet<SeriesHash>> = BTreeMap::new();
        for (hash, number) in self.doubts.next_test() {
            wanted.entry(number).or_default().insert(hash);
        }
        let (mut parts, mut tested) = (Vec::new(), Vec::new());
        let mut filling = Filling::default();
        self.tests_from = None;
        for (number, mut hashes) in wanted {
            let Some(mut queued) = self.take_held(number) else {
                continue;
            };
            if let Some(verdict) = queued.misdated(&self.clock_skew, self.clock.now()) {
                // They grew too old, which is not their series' fault.
                self.conclude(number, queued.durability, verdict);
                continue;
            }
            let mut chosen = Vec::new();
            let doubts = &self.doubts;
            queued.select(|datum| {
                let hash = doubts.hash_of(datum);
                let is_chosen = hashes.remove(&hash);
                chosen.extend(is_chosen.then_some(hash));
                is_chosen
            });
            let waits_until = queued.ready_at().filter(|at| *at > now);
            self.tests_from = self.tests_from.or(waits_until);
            if waits_until.is_some() || !filling.takes(&*self.sink, self.profile, &queued.batch) {
                self.hold(queued, now);
                continue;
            }
            if let Some(part) = self.clear(queued, now) {
                parts.push(part);
                tested.append(&mut chosen);
            }
        }
        if parts.is_empty() {
            return match self.tests_from {
                Some(_) => self.doubts.put_off(false),
                None => self.doubts.give_test_up(),
            };
        }
        self.tests_from = None;
        self.doubts.narrow_test(&tested);
        self.depart(parts, true, now);
    }

    /// This part of a test is not sent, the last one or not.
    pub(super) fn leave_out_of_test(&mut self, part: &QueuedBatch, is_last: bool) {
        if is_last {
            return self.doubts.put_off(false);
        }
        let data = part.batch.data().iter();
        let hashes: Vec<SeriesHash> = data.map(|datum| self.doubts.hash_of(datum)).collect();
        self.doubts.leave_out_of_test(&hashes);
    }

    /// What a refusal of these batches means; of these data, if they are named by their places in the request.
    pub(super) fn refused(
        &mut self,
        parts: Vec<QueuedBatch>,
        is_test: bool,
        members: &[usize],
        reason: &Refusal,
        now: Instant,
    ) {
        let is_first = !self.doubts.is_searching();
        if is_first {
            self.request_start.search_begins();
        }
        if self.request_start.refused(now) {
            self.queue.hurry();
        }
        if self.request_start.refusals().is_systematic() {
            self.state_log.refuses_all(reason);
        } else {
            self.say_if_well();
        }
        self.attempted(Attempted::Refused);
        self.doubts.forget_the_old(now);
        let data: Vec<&Datum> = parts.iter().flat_map(|part| part.batch.data()).collect();
        let hashes: Vec<SeriesHash> = data
            .iter()
            .map(|datum| self.doubts.hash_of(datum))
            .collect();
        let is_named = members.iter().any(|member| *member < hashes.len());
        if is_named {
            return self.refused_by_name(parts, is_test, members, &hashes, reason, now);
        }
        self.state_log.in_doubt(reason, is_first);
        if let [hash] = hashes[..] {
            self.refused_alone(parts, is_test, hash, reason, now);
        } else {
            self.doubts.refused(&hashes, is_test, reason, now);
            for part in parts {
                self.try_again(part, now);
            }
        }
    }

    fn refused_by_name(
        &mut self,
        parts: Vec<QueuedBatch>,
        is_test: bool,
        members: &[usize],
        hashes: &[SeriesHash],
        reason: &Refusal,
        now: Instant,
    ) {
        let is_member: HashSet<usize> = members.iter().copied().collect();
        let of = |wanted: bool| {
            let all = hashes.iter().enumerate();
            let of = all.filter(|(place, _)| is_member.contains(place) == wanted);
            of.map(|(_, hash)| *hash).collect::<Vec<SeriesHash>>()
        };
        let (named, others) = (of(true), of(false));
        let released = self.doubts.named(&named, reason, now);
        let divides = self.request_start.refusals().divides();
        self.doubts.rest_of_named(&others, is_test, divides, now);
        let mut first = 0;
        for part in parts {
            let end = first + part.batch.data().len();
            let places: Vec<usize> = (first..end)
                .filter(|place| is_member.contains(place))
                .map(|place| place - first)
                .collect();
            first = end;
            if places.is_empty() {
                self.try_again(part, now);
            } else {
                let (number, durability) = (part.number, part.durability);
                self.conclude(number, durability, part.refused_at(&places, reason));
            }
        }
        self.release(released, now);
    }

    fn refused_alone(
        &mut self,
        parts: Vec<QueuedBatch>,
        is_test: bool,
        hash: SeriesHash,
        reason: &Refusal,
        now: Instant,
    ) {
        let is_proved = self.request_start.refusals().proves(now);
        let follows = self.doubts.has_waiting() || self.queue.has_ready(now);
        if (follows || !is_proved) && !self.doubts.remembers(hash) {
            for part in parts {
                let condemned = Condemned {
                    hash,
                    number: part.number,
                    reason: reason.clone(),
                    is_proved,
                };
                self.doubts.condemn(condemned, is_test, now);
                self.try_again(part, now);
            }
            self.pardons_at.get_or_insert(now + PARDON_AFTER);
            return;
        }
        let released = (self.doubts).refused_alone(hash, is_test, reason, now);
        for part in parts {
            let (number, durability) = (part.number, part.durability);
            self.conclude(number, durability, part.refused_at(&[0], reason));
        }
        self.release(released, now);
        self.judge_condemned(now);
    }

    /// What was refused alone, among others that were accepted, is refused.
    pub(super) fn judge_condemned(&mut self, now: Instant) {
        self.pardons_at = None;
        for Condemned {
            hash,
            number,
            reason,
            is_proved,
        } in self.doubts.take_condemned()
        {
            let held = is_proved.then(|| self.take_held(number)).flatten();
            let Some(mut queued) = held else {
                self.doubts.test_again(hash);
                continue;
            };
            let (doubts, mut is_chosen) = (&self.doubts, false);
            queued.select(|datum| {
                let is_it = !is_chosen && doubts.hash_of(datum) == hash;
                is_chosen |= is_it;
                is_it
            });
            let released = (self.doubts).refused_alone(hash, false, &reason, now);
            let durability = queued.durability;
            self.conclude(number, durability, queued.refused_at(&[0], &reason));
            self.release(released, now);
        }
    }

    /// A request with data of these batches was accepted: the search goes on without them, but for those that were refused
    /// nevertheless.
    pub(super) fn cleared_of_doubt(
        &mut self,
        parts: &[QueuedBatch],
        is_test: bool,
        sent: &Sent,
        now: Instant,
    ) {
        if self.doubts.is_empty() {
            return;
        }
        let data = parts.iter().flat_map(|part| part.batch.data());
        let hashes: Vec<SeriesHash> = data.map(|datum| self.doubts.hash_of(datum)).collect();
        let mut released = BTreeSet::new();
        let mut is_refused = HashSet::new();
        for (place, reason) in sent.refused() {
            if let Some(hash) = hashes.get(*place)
                && is_refused.insert(*hash)
                && self.doubts.knows(*hash)
            {
                released.extend(self.doubts.named(&[*hash], reason, now));
            }
        }
        let taken = hashes.into_iter().filter(|hash| !is_refused.contains(hash));
        let taken: Vec<SeriesHash> = taken.collect();
        released.extend(self.doubts.accepted(&taken, is_test, now));
        self.release(released, now);
    }
}
