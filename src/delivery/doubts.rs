//! Which series the destination may not accept: those that a refused request had, those that were refused alone, and those
//! that are known to be refused.
//!
//! The search is for series, not for data, so that it is not begun anew with each window. It divides groups of series: a
//! group is tested by one datum of each. Here is what is known and what comes next; [`isolate`](super::isolate) does it.

mod group_tests;
mod groups;
mod memory;

use crate::delivery::queued_batch::QueuedBatch;
use crate::model::datum::Datum;
use crate::model::refusal::Refusal;
use groups::Groups;
use memory::Memory;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::time::Duration;
use tokio::time::Instant;

/// Series that are in doubt or remembered at the same time. What is refused beyond them is searched for in each window.
pub(crate) const MAX_SERIES: usize = 100_000;
/// What is in doubt and has not been seen for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_hours(2);
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// Of a series: a hash of its name and dimensions, so that a name of any length takes no memory. With as many series as
/// there may be it is one in billions that two of them have the same.
pub(crate) type SeriesHash = u64;

#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Totals need not: the next one has what is refused of one.
    others_wait: bool,
    hasher: RandomState,
    series: HashMap<SeriesHash, Doubt>,
    groups: Groups,
    condemned: Vec<Condemned>,
    last_number: u64,
    last_reason: Option<Refusal>,
    forgot_at: Option<Instant>,
}

#[derive(Debug)]
struct Doubt {
    state: State,
    seen: Instant,
    /// In the order in which they came into doubt.
    number: u64,
    /// The held batches that have data of it.
    held: BTreeSet<u64>,
}

#[derive(Debug)]
enum State {
    Suspected {
        /// Once it was refused alone.
        was_alone: bool,
        /// Some group has it.
        is_grouped: bool,
    },
    Remembered(Memory),
}

/// What is to become of a datum.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Free,
    /// It waits for the search.
    Held,
    /// Its series is known to be refused.
    Remembered(Refusal),
}

/// A datum that was refused alone, and what that means is not known before a request is accepted.
#[derive(Clone, Debug)]
pub(crate) struct Condemned {
    pub(crate) hash: SeriesHash,
    /// Of its batch.
    pub(crate) number: u64,
    pub(crate) reason: Refusal,
    /// It is refused if that comes soon. Else it is tested again then.
    pub(crate) is_proved: bool,
}

impl Doubts {
    /// Where `others_wait`, data of a series that was named wait until it was tried again for the first time.
    pub(crate) fn new(others_wait: bool) -> Self {
        Self {
            others_wait,
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Why a request was refused for the last time.
    pub(crate) fn last_reason(&self) -> Option<&Refusal> {
        self.last_reason.as_ref()
    }

    pub(crate) fn hash_of(&self, datum: &Datum) -> SeriesHash {
        let mut hasher = self.hasher.build_hasher();
        datum.name().hash(&mut hasher);
        for dimension in datum.dimensions() {
            dimension.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Whether a series is known to be refused.
    pub(crate) fn remembers(&self, hash: SeriesHash) -> bool {
        let state = self.series.get(&hash).map(|doubt| &doubt.state);
        matches!(state, Some(State::Remembered(_)))
    }

    /// Whether a series is in doubt, or remembered.
    pub(crate) fn knows(&self, hash: SeriesHash) -> bool {
        self.series.contains_key(&hash)
    }

    /// What is to become of a datum of the batch of this number.
    pub(crate) fn standing(&self, number: u64, datum: &Datum, now: Instant) -> Standing {
        match self
            .series
            .get(&self.hash_of(datum))
            .map(|doubt| &doubt.state)
        {
            None => Standing::Free,
            Some(State::Suspected { .. }) => Standing::Held,
            Some(State::Remembered(memory)) if memory.takes(number, self.others_wait, now) => {
                Standing::Held
            }
            Some(State::Remembered(memory)) => Standing::Remembered(memory.refusal()),
        }
    }

    /// A batch is held from now on. What it has of suspects that are in no group is tested, too.
    pub(crate) fn enter(&mut self, queued: &QueuedBatch, now: Instant) {
        let mut together = Vec::new();
        for datum in queued.data() {
            let hash = self.hash_of(datum);
            let Some(doubt) = self.series.get_mut(&hash) else {
                continue;
            };
            doubt.held.insert(queued.number);
            doubt.seen = now;
            match &mut doubt.state {
                State::Suspected { is_grouped, .. } if *is_grouped => {}
                State::Suspected {
                    was_alone,
                    is_grouped,
                } => {
                    *is_grouped = true;
                    if *was_alone {
                        self.groups.push_alone(hash);
                    } else {
                        together.push(hash);
                    }
                }
                State::Remembered(memory) => {
                    if memory.try_again(queued.number) {
                        self.groups.push_alone(hash);
                    }
                }
            }
        }
        self.groups.push_last(together);
    }

    /// A batch is no longer held.
    pub(crate) fn leave(&mut self, queued: &QueuedBatch) {
        for datum in queued.data() {
            if let Some(doubt) = self.series.get_mut(&self.hash_of(datum)) {
                doubt.held.remove(&queued.number);
            }
        }
    }

    /// A request with these was accepted. Gives what is no longer held.
    pub(crate) fn accepted(
        &mut self,
        hashes: &[SeriesHash],
        is_test: bool,
        now: Instant,
    ) -> BTreeSet<u64> {
        if is_test {
            self.groups.accepted();
        }
        let (mut released, mut is_remembered) = (BTreeSet::new(), false);
        for hash in hashes {
            if let Some(doubt) = self.series.remove(hash) {
                is_remembered |= matches!(doubt.state, State::Remembered(_));
                released.extend(doubt.held);
            }
        }
        if is_remembered {
            // What was wrong with one may have been wrong with all.
            for doubt in self.series.values_mut() {
                if let State::Remembered(memory) = &mut doubt.state {
                    memory.is_due(now);
                }
            }
        }
        released
    }

    /// A request with these was refused, and not said for which.
    pub(crate) fn refused(
        &mut self,
        hashes: &[SeriesHash],
        is_test: bool,
        reason: &Refusal,
        now: Instant,
    ) {
        self.last_reason = Some(reason.clone());
        if is_test {
            return self.groups.refused();
        }
        let members = self.suspect_all(hashes, now);
        self.groups.push_bad(members);
    }

    /// Gives those that are only suspected from now on, each once.
    fn suspect_all(&mut self, hashes: &[SeriesHash], now: Instant) -> Vec<SeriesHash> {
        let new = hashes.iter().filter(|hash| self.suspect(**hash, now));
        new.copied().collect()
    }

    /// Gives whether it is only suspected from now on.
    fn suspect(&mut self, hash: SeriesHash, now: Instant) -> bool {
        if self.series.contains_key(&hash) {
            return false;
        }
        let state = State::Suspected {
            was_alone: false,
            is_grouped: true,
        };
        let held = BTreeSet::new();
        self.last_number += 1;
        let doubt = Doubt {
            state,
            seen: now,
            number: self.last_number,
            held,
        };
        self.series.insert(hash, doubt);
        true
    }

    /// The data of a series are to go by themselves, as nobody answers to them.
    pub(crate) fn suspect_alone(&mut self, datum: &Datum, now: Instant) {
        let hash = self.hash_of(datum);
        if self.series.len() < MAX_SERIES
            && self.suspect(hash, now)
            && let Some(doubt) = self.series.get_mut(&hash)
        {
            doubt.state = State::Suspected {
                was_alone: true,
                is_grouped: false,
            };
        }
    }

    /// A datum alone is refused. Gives what is no longer held.
    pub(crate) fn refused_alone(
        &mut self,
        hash: SeriesHash,
        is_test: bool,
        reason: &Refusal,
        now: Instant,
    ) -> BTreeSet<u64> {
        self.last_reason = Some(reason.clone());
        if is_test {
            self.groups.end();
        }
        let is_full = self.series.len() >= MAX_SERIES;
        let is_new = self.suspect(hash, now);
        if is_new && is_full {
            self.series.remove(&hash);
        }
        let Some(doubt) = self.series.get_mut(&hash) else {
            return BTreeSet::new();
        };
        doubt.seen = now;
        match &mut doubt.state {
            State::Remembered(memory) => memory.refused_again(now),
            State::Suspected {
                was_alone,
                is_grouped,
            } if !*was_alone => {
                *was_alone = true;
                *is_grouped = !doubt.held.is_empty();
                if *is_grouped {
                    self.groups.push_alone(hash);
                }
                return BTreeSet::new();
            }
            State::Suspected { .. } => {
                doubt.state = State::Remembered(Memory::new(reason, now));
            }
        }
        doubt.held.clone()
    }

    /// The destination named these. Gives what is no longer held.
    pub(crate) fn named(
        &mut self,
        hashes: &[SeriesHash],
        reason: &Refusal,
        now: Instant,
    ) -> BTreeSet<u64> {
        self.last_reason = Some(reason.clone());
        let mut released = BTreeSet::new();
        for &hash in hashes {
            if self.series.len() >= MAX_SERIES && !self.series.contains_key(&hash) {
                continue;
            }
            self.suspect(hash, now);
            if let Some(doubt) = self.series.get_mut(&hash) {
                doubt.seen = now;
                match &mut doubt.state {
                    State::Remembered(memory) => memory.refused_again(now),
                    state @ State::Suspected { .. } => {
                        *state = State::Remembered(Memory::new(reason, now));
                    }
                }
                released.extend(doubt.held.iter().copied());
            }
        }
        released
    }

    /// A request was refused for those that were named. The others may be all right, or there are many more: then they are
    /// divided.
    pub(crate) fn rest_of_named(
        &mut self,
        hashes: &[SeriesHash],
        is_test: bool,
        divides: bool,
        now: Instant,
    ) {
        if is_test {
            return self.groups.named(hashes, divides);
        }
        if divides {
            let members = self.suspect_all(hashes, now);
            self.groups.push_bad(members);
        }
    }

    /// Series that were not seen for long do not come back.
    pub(crate) fn forget_the_old(&mut self, now: Instant) {
        if self.forgot_at.is_some_and(|at| now < at + FORGET_EVERY) {
            return;
        }
        self.forgot_at = Some(now);
        self.series
            .retain(|_, doubt| !doubt.held.is_empty() || now < doubt.seen + FORGET_AFTER);
    }
}
