//! Batches that wait in memory, by number and by when they may be sent: none of it takes longer the more there are.

use crate::delivery::queued_batch::QueuedBatch;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Waiting {
    all: BTreeMap<u64, QueuedBatch>,
    /// Those that may be sent: this process's own, then what an earlier one left, as nobody waits for that.
    ready: BTreeSet<(bool, u64)>,
    /// Those that may be sent later.
    pausing: BTreeSet<(Instant, u64)>,
    /// The batches from here on are this process's own.
    first_own: u64,
    bytes: usize,
}

impl Waiting {
    pub(super) fn new(first_own: u64) -> Self {
        Self {
            all: BTreeMap::new(),
            ready: BTreeSet::new(),
            pausing: BTreeSet::new(),
            first_own,
            bytes: 0,
        }
    }

    pub(super) fn insert(&mut self, queued: QueuedBatch) {
        let number = queued.number;
        match queued.ready_at() {
            Some(at) => self.pausing.insert((at, number)),
            None => self.ready.insert(self.place(number)),
        };
        self.bytes += queued.memory_len();
        self.all.insert(number, queued);
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<QueuedBatch> {
        let queued = self.all.remove(&number)?;
        self.ready.remove(&self.place(number));
        if let Some(at) = queued.ready_at() {
            self.pausing.remove(&(at, number));
        }
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
            None => self.ready.first().map(|(_, number)| *number),
            Some(group) => {
                let is_ready = |queued: &&QueuedBatch| queued.ready_at().is_none_or(|at| at <= now);
                let ready = self.of_group(group).find(is_ready);
                ready.map(|queued| queued.number)
            }
        }
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
            let place = self.place(number);
            self.ready.insert(place);
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

    pub(super) fn get(&self, number: u64) -> Option<&QueuedBatch> {
        self.all.get(&number)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &QueuedBatch> {
        self.all.values()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn place(&self, number: u64) -> (bool, u64) {
        (number < self.first_own, number)
    }
}
