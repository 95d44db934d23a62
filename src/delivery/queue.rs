//! All batches that are not settled, by number: those that wait, bounded by bytes, those that are held until a search has
//! found the bad data, those in flight, and those on disk alone.

mod on_disk;
mod send_order;
mod sums;
mod waiting;

pub(crate) use on_disk::OnDisk;

use crate::delivery::durability::Durability;
use crate::delivery::queue::sums::{Share, Sums};
use crate::delivery::queue::waiting::Waiting;
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::amount::Amount;
use crate::model::evicted::EvictedBytes;
use std::collections::BTreeMap;
use std::time::SystemTime;
use tokio::time::Instant;

/// One part in so many of the queue's bytes may be held for a search.
pub(crate) const HELD_SHARE: usize = 4;

#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Waiting,
    held: BTreeMap<u64, QueuedBatch>,
    in_flight: BTreeMap<u64, InFlight>,
    on_disk: BTreeMap<u64, OnDisk>,
    /// The batches from here on are this process's own.
    first_own: u64,
    /// Whether a group waits until the one before it is settled.
    in_order: bool,
    sums: Sums,
    held_bytes: usize,
    held_amount: Amount,
    in_flight_bytes: usize,
    /// What data take beside, for series that were evicted meanwhile.
    evicted: EvictedBytes,
    max_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) queued: QueuedBatch,
    /// The request that it is a part of.
    pub(crate) request: u64,
    /// The call by which the journal is to mark it first, and until when that is waited for.
    pub(crate) marking: Option<(u64, Instant)>,
}

impl Queue {
    pub(crate) fn new(
        max_bytes: usize,
        evicted: EvictedBytes,
        first_own: u64,
        in_order: bool,
    ) -> Self {
        Self {
            waiting: Waiting::new(first_own),
            held: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            on_disk: BTreeMap::new(),
            first_own,
            in_order,
            sums: Sums::default(),
            held_bytes: 0,
            held_amount: Amount::default(),
            in_flight_bytes: 0,
            evicted,
            max_bytes,
        }
    }

    /// Adds a batch to those that wait, or to those that are held.
    pub(crate) fn push(&mut self, mut queued: QueuedBatch) {
        queued.unite();
        self.add(&queued);
        if queued.is_held {
            self.held_bytes += queued.memory_len();
            self.held_amount.add(queued.amount());
            self.held.insert(queued.number, queued);
        } else {
            self.waiting.insert(queued);
        }
    }

    /// Takes out the oldest that there is no room for, as if so many bytes were `freed`. The newest stays.
    pub(crate) fn overflow(&mut self, freed: usize) -> Option<QueuedBatch> {
        let is_too_much = self.bytes().saturating_sub(freed) > self.max_bytes;
        if !is_too_much || self.waiting.len() < 2 {
            return None;
        }
        let number = if self.in_order {
            self.last_in_order()?
        } else {
            self.waiting.first()?.number
        };
        self.take(number)
    }

    /// Takes out the oldest of those that are held, if they are more than a quarter of what there is room for.
    pub(crate) fn overflow_held(&mut self) -> Option<QueuedBatch> {
        let is_too_much = self.is_held_full() && self.held.len() > 1;
        let (&oldest, _) = self.held.first_key_value().filter(|_| is_too_much)?;
        self.take(oldest)
    }

    pub(crate) fn is_held_full(&self) -> bool {
        self.held_bytes > self.max_bytes / HELD_SHARE
    }

    /// Takes out the oldest that may be sent now; before what an earlier process recorded, as nobody waits for that.
    pub(crate) fn pop_ready(&mut self, now: Instant) -> Option<QueuedBatch> {
        let number = self.waiting.next(self.group_in_turn(), now)?;
        self.take(number)
    }

    /// One that may go with this batch, in the same request.
    pub(crate) fn next_with(&self, first: &QueuedBatch, now: Instant) -> Option<&QueuedBatch> {
        let group = self.in_order.then_some(first.group);
        let key = first.batch.key();
        self.waiting.next_with(first.number, key, group, now)
    }

    /// When one of them may be sent, past times included; none if there is none.
    pub(crate) fn next_ready(&mut self, now: Instant) -> Option<Instant> {
        self.waiting.next_ready(self.group_in_turn(), now)
    }

    pub(crate) fn has_ready(&mut self, now: Instant) -> bool {
        self.next_ready(now).is_some_and(|ready| ready <= now)
    }

    /// Nobody has to wait any longer for a time of its own.
    pub(crate) fn hurry(&mut self) {
        self.waiting.hurry();
    }

    /// Takes out one that is held.
    pub(crate) fn take_held(&mut self, number: u64) -> Option<QueuedBatch> {
        let queued = self.held.remove(&number)?;
        self.held_bytes -= queued.memory_len();
        self.held_amount.subtract(queued.amount());
        self.remove(&queued);
        Some(queued)
    }

    /// What is held: how much.
    pub(crate) fn held(&self) -> Amount {
        self.held_amount
    }

    /// An attempt is to begin.
    pub(crate) fn depart(&mut self, in_flight: InFlight) {
        self.in_flight_bytes += in_flight.queued.memory_len();
        self.add(&in_flight.queued);
        self.in_flight.insert(in_flight.queued.number, in_flight);
    }

    pub(crate) fn in_flight_mut(&mut self, number: u64) -> Option<&mut InFlight> {
        self.in_flight.get_mut(&number)
    }

    /// An attempt is over.
    pub(crate) fn arrive(&mut self, number: u64) -> Option<InFlight> {
        let in_flight = self.in_flight.remove(&number)?;
        self.in_flight_bytes -= in_flight.queued.memory_len();
        self.remove(&in_flight.queued);
        Some(in_flight)
    }

    pub(crate) fn in_flight(&self, number: u64) -> Option<&InFlight> {
        self.in_flight.get(&number)
    }

    pub(crate) fn all_in_flight(&self) -> impl Iterator<Item = &InFlight> {
        self.in_flight.values()
    }

    /// Changes where a batch in memory is on disk, in flight or not.
    pub(crate) fn change<T>(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Durability) -> T,
    ) -> Option<T> {
        if let Some(in_flight) = self.in_flight.get_mut(&number) {
            return Some(change(&mut in_flight.queued.durability));
        }
        if let Some(held) = self.held.get_mut(&number) {
            return Some(change(&mut held.durability));
        }
        let change = |queued: &mut QueuedBatch| change(&mut queued.durability);
        self.waiting.change(number, change)
    }

    /// A batch in memory, in flight or not.
    pub(crate) fn find(&self, number: u64) -> Option<&QueuedBatch> {
        let in_flight = || self.in_flight.get(&number).map(|one| &one.queued);
        let held = || self.held.get(&number);
        in_flight()
            .or_else(held)
            .or_else(|| self.waiting.get(number))
    }

    /// Takes out one that waits, or is held.
    pub(crate) fn take(&mut self, number: u64) -> Option<QueuedBatch> {
        let Some(queued) = self.waiting.remove(number) else {
            return self.take_held(number);
        };
        self.remove(&queued);
        Some(queued)
    }

    pub(crate) fn leave_to_disk(&mut self, number: u64, on_disk: OnDisk) {
        self.sums.add(self.share_on_disk(number, &on_disk));
        (self.sums).add_journaled(self.is_own(number), on_disk.journaled());
        self.on_disk.insert(number, on_disk);
    }

    pub(crate) fn on_disk(&self, number: u64) -> Option<&OnDisk> {
        self.on_disk.get(&number)
    }

    /// One that left the memory while it was being written is there.
    pub(crate) fn is_written(&mut self, number: u64) {
        if let Some(on_disk) = self.on_disk.get_mut(&number) {
            on_disk.being_written = None;
            let journaled = on_disk.journaled();
            self.sums.add_journaled(self.is_own(number), journaled);
        }
    }

    /// Whether one that left the memory is on disk is known when this write is over.
    pub(crate) fn waits_for_write(&mut self, number: u64, write: u64) {
        if let Some(mut on_disk) = self.take_from_disk(number) {
            on_disk.being_written = Some(write);
            on_disk.has_older = false;
            self.leave_to_disk(number, on_disk);
        }
    }

    /// An earlier write of one that left the memory is over.
    pub(crate) fn older_is_there(&mut self, number: u64, is_there: bool) {
        if let Some(on_disk) = self.on_disk.get_mut(&number)
            && on_disk.being_written.is_some()
        {
            on_disk.has_older = is_there;
        }
    }

    /// Those that left the memory and are still being written.
    pub(crate) fn being_written(&self) -> Vec<u64> {
        let on_disk = self.on_disk.iter();
        let being_written = on_disk.filter(|(_, one)| one.being_written.is_some());
        being_written.map(|(&number, _)| number).collect()
    }

    /// It is not on disk alone any more.
    pub(crate) fn take_from_disk(&mut self, number: u64) -> Option<OnDisk> {
        let on_disk = self.on_disk.remove(&number)?;
        self.sums.remove(self.share_on_disk(number, &on_disk));
        (self.sums).remove_journaled(self.is_own(number), on_disk.journaled());
        Some(on_disk)
    }

    /// The oldest from this number on that can be read.
    pub(crate) fn oldest_on_disk(&self, first: u64) -> Option<u64> {
        let mut on_disk = self.on_disk.range(first..);
        on_disk.find_map(|(&number, one)| one.being_written.is_none().then_some(number))
    }

    /// Whether so little waits that there is room for what is on disk.
    pub(crate) fn has_room(&self) -> bool {
        // What is held waits for an answer to others.
        self.bytes() - self.held_bytes < self.max_bytes / 2
    }

    /// The first after this one that waits or is held.
    pub(crate) fn next_waiting(&self, number: u64) -> Option<u64> {
        let mut held = self.held.range(number.saturating_add(1)..);
        let held = held.next().map(|(&number, _)| number);
        self.waiting.after(number).into_iter().chain(held).min()
    }

    /// The first after this one that is on disk alone.
    pub(crate) fn next_on_disk(&self, number: u64) -> Option<u64> {
        let mut later = self.on_disk.range(number + 1..);
        later.next().map(|(&number, _)| number)
    }

    /// All in memory, and whether it is in flight.
    pub(crate) fn in_memory(&self) -> impl Iterator<Item = (&QueuedBatch, bool)> {
        let in_flight = self.in_flight.values();
        let in_flight = in_flight.map(|in_flight| (&in_flight.queued, true));
        let waiting = self.waiting.iter().chain(self.held.values());
        in_flight.chain(waiting.map(|queued| (queued, false)))
    }

    /// Data and amount of all that this process recorded and is not settled.
    pub(crate) fn unsettled(&self) -> (usize, Amount) {
        (self.sums.own.data, self.sums.own.amount)
    }

    /// What is on disk alone of what this process recorded, before the batch of this number. It takes longer the more
    /// there is from there on, which is little: what was queued since a flush began.
    pub(crate) fn journaled_before(&self, end: u64) -> Amount {
        let mut journaled = self.sums.own.journaled;
        for (_, later) in self.on_disk.range(end..) {
            journaled.subtract(later.journaled());
        }
        journaled
    }

    /// How many data are not settled, those about the exporter itself not included.
    pub(crate) fn data(&self) -> u64 {
        self.sums.all.amount.data
    }

    /// How much of it is on disk alone.
    pub(crate) fn journaled(&self) -> Amount {
        self.sums.all.journaled
    }

    /// How much of that this process recorded.
    pub(crate) fn own_journaled(&self) -> Amount {
        self.sums.own.journaled
    }

    /// The earliest time stamp of all.
    pub(crate) fn oldest(&self) -> Option<SystemTime> {
        self.sums.oldest()
    }

    fn add(&mut self, queued: &QueuedBatch) {
        self.sums.add(self.share(queued));
    }

    fn remove(&mut self, queued: &QueuedBatch) {
        self.sums.remove(self.share(queued));
    }

    fn share(&self, queued: &QueuedBatch) -> Share {
        Share {
            is_own: self.is_own(queued.number),
            data: queued.data_len(),
            amount: queued.amount(),
            oldest: Some(queued.oldest()),
        }
    }

    fn share_on_disk(&self, number: u64, on_disk: &OnDisk) -> Share {
        Share {
            is_own: self.is_own(number),
            data: on_disk.data,
            amount: on_disk.amount.unwrap_or_default(),
            oldest: on_disk.oldest,
        }
    }

    pub(crate) fn is_own(&self, number: u64) -> bool {
        number >= self.first_own
    }

    /// The number from which on the batches are this process's own.
    pub(crate) fn first_own(&self) -> u64 {
        self.first_own
    }

    /// The bytes of all that is in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.bytes() + self.held_bytes + self.in_flight_bytes + self.evicted.get()
    }
}
