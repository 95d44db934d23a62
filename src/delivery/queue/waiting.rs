//! Batches that wait in memory, by number and by when they may be sent: none of it takes longer the more there are.

use crate::delivery::queued_batch::QueuedBatch;
use crate::model::batch::BatchKey;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// Whether an earlier process left it, and its number.
type Place = (bool, u64);

#[derive(Debug)]
pub(super) struct Waiting {
    all: BTreeMap<u64, QueuedBatch>,
    /// Those that may be sent, by what may share a request, of which there are few kinds: this process's own, then what an
    /// earlier one left, as nobody waits for that.
    ready: Vec<(BatchKey, BTreeSet<Place>)>,
    /// Those that may be sent later.
    pausing: BTreeSet<(Instant, u64)>,
    /// Those whose records are on disk, or are being written.
    on_disk: BTreeSet<u64>,
    /// The batches from here on are this process's own.
    first_own: u64,
    bytes: usize,
}

impl Waiting {
    pub(super) fn new(first_own: u64) -> Self {
        Self {
            all: BTreeMap::new(),
            ready: Vec::new(),
            pausing: BTreeSet::new(),
            on_disk: BTreeSet::new(),
            first_own,
            bytes: 0,
        }
    }

    pub(super) fn insert(&mut self, queued: QueuedBatch) {
        let number = queued.number;
        match queued.ready_at() {
            Some(at) => {
                self.pausing.insert((at, number));
            }
            None => self.is_ready(number, queued.batch.key()),
        }
        if queued.durability.stays_on_disk() {
            self.on_disk.insert(number);
        }
        self.bytes += queued.memory_len();
        self.all.insert(number, queued);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<QueuedBatch> {
        let queued = self.all.remove(&number)?;
        let place = self.place(number);
        self.ready.retain_mut(|(key, places)| {
            if key == queued.batch.key() {
                places.remove(&place);
            }
            !places.is_empty()
        });
        if let Some(at) = queued.ready_at() {
            self.pausing.remove(&(at, number));
        }
        self.on_disk.remove(&number);
        self.bytes -= queued.memory_len();
        Some(queued)
    }

    /// Changes one, if it is here.
    pub(super) fn change<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut QueuedBatch) -> T,
    ) -> Option<T> {
        let mut queued = self.remove(number)?;
        let changed = change(&mut queued);
        self.insert(queued);
        Some(changed)
    }

    /// The number of the one that is to be sent next; of this `group` alone, if there are turns.
    pub(super) fn next(&mut self, group: Option<u64>, now: Instant) -> Option<u64> {
        self.end_pauses(now);
        match group {
            None => {
                let first = self.ready.iter().filter_map(|(_, places)| places.first());
                first.min().map(|(_, number)| *number)
            }
            Some(group) => {
                let is_ready = |queued: &&QueuedBatch| queued.ready_at().is_none_or(|at| at <= now);
                let ready = self.of_group(group).find(is_ready);
                ready.map(|queued| queued.number)
            }
        }
    }

    /// The one that may go with the batch of this number and key, in the same request; of this `group` alone, if there are
    /// turns.
    pub(super) fn next_with(
        &self,
        number: u64,
        key: &BatchKey,
        group: Option<u64>,
        now: Instant,
    ) -> Option<&QueuedBatch> {
        if let Some(group) = group {
            let is_ready = |queued: &&QueuedBatch| {
                queued.batch.key() == key && queued.ready_at().is_none_or(|at| at <= now)
            };
            return self.of_group(group).find(is_ready);
        }
        let (_, places) = self.ready.iter().find(|(one, _)| one == key)?;
        let (is_restored, next) = *places.first()?;
        let is_alike = is_restored == self.place(number).0;
        self.all.get(&next).filter(|_| is_alike)
    }

    /// When one may be sent, past times included; none if there is none.
    pub(super) fn next_ready(&mut self, group: Option<u64>, now: Instant) -> Option<Instant> {
        self.end_pauses(now);
        match group {
            None if !self.ready.is_empty() => Some(now),
            None => self.pausing.first().map(|(at, _)| *at),
            Some(group) => {
                let all = self.of_group(group);
                all.map(|queued| queued.ready_at().unwrap_or(now)).min()
            }
        }
    }

    /// The batches of one snapshot, which have numbers one after the other.
    fn of_group(&self, group: u64) -> impl Iterator<Item = &QueuedBatch> {
        let all = self.all.range(group..).map(|(_, queued)| queued);
        all.take_while(move |queued| queued.group == group)
    }

    fn end_pauses(&mut self, now: Instant) {
        while let Some(&(at, number)) = self.pausing.first()
            && at <= now
        {
            self.pausing.pop_first();
            if let Some(key) = self
                .all
                .get(&number)
                .map(|queued| queued.batch.key().clone())
            {
                self.is_ready(number, &key);
            }
        }
    }

    /// Nobody has to wait any longer for a time of its own.
    pub(super) fn hurry(&mut self) {
        let pausing: Vec<u64> = self.pausing.iter().map(|(_, number)| *number).collect();
        for number in pausing {
            self.change(number, |queued| queued.not_before = None);
        }
    }

    pub(super) fn first(&self) -> Option<&QueuedBatch> {
        self.all.first_key_value().map(|(_, queued)| queued)
    }

    /// The number of the first one after this.
    pub(super) fn after(&self, number: u64) -> Option<u64> {
        let mut later = self.all.range(number.saturating_add(1)..);
        later.next().map(|(&number, _)| number)
    }

    /// The number of the newest whose record is on disk or is being written, but for the oldest of all.
    pub(super) fn newest_on_disk(&self) -> Option<u64> {
        let (&oldest, _) = self.all.first_key_value()?;
        self.on_disk.last().copied().filter(|one| *one != oldest)
    }

    pub(super) fn get(&self, number: u64) -> Option<&QueuedBatch> {
        self.all.get(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &QueuedBatch> {
        self.all.values()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_ready(&mut self, number: u64, key: &BatchKey) {
        let place = self.place(number);
        match self.ready.iter_mut().find(|(one, _)| one == key) {
            Some((_, places)) => {
                places.insert(place);
            }
            None => self.ready.push((key.clone(), BTreeSet::from([place]))),
        }
    }

    fn place(&self, number: u64) -> Place {
        (number < self.first_own, number)
    }
}
