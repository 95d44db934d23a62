//! All batches that are not settled, by number: those that wait, bounded by bytes, those in flight, and those on disk
//! alone.

mod on_disk;
mod send_order;

pub(crate) use on_disk::OnDisk;

use crate::delivery::clock_skew::Correction;
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::amount::Amount;
use crate::model::evicted::EvictedBytes;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::time::SystemTime;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Queue {
    waiting: BTreeMap<u64, QueuedBatch>,
    in_flight: BTreeMap<u64, InFlight>,
    on_disk: BTreeMap<u64, OnDisk>,
    /// The batches from here on are this process's own.
    first_own: u64,
    /// Whether a group waits until the one before it is settled.
    in_order: bool,
    /// Data of all, those about the exporter itself not included.
    data: u64,
    /// Of what is on disk alone.
    journaled: Amount,
    /// How many batches are as old as that, by the earliest time stamp of each.
    ages: BTreeMap<SystemTime, usize>,
    /// Of all that waits.
    waiting_bytes: usize,
    in_flight_bytes: usize,
    /// What data take beside, for series that were evicted meanwhile.
    evicted: EvictedBytes,
    max_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) queued: QueuedBatch,
    pub(crate) started: Instant,
    /// The call by which the journal is to mark it first, and until when that is waited for.
    pub(crate) marking: Option<(u64, Instant)>,
    /// Of the time stamps that are sent.
    pub(crate) correction: Correction,
}

/// Of what is not settled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unsettled {
    /// What is on disk alone.
    pub(crate) journaled: Amount,
    /// What has perhaps arrived, and nobody will know if it is not tried again.
    pub(crate) uncertain: Amount,
}

impl Queue {
    pub(crate) fn new(
        max_bytes: usize,
        evicted: EvictedBytes,
        first_own: u64,
        in_order: bool,
    ) -> Self {
        Self {
            waiting: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            on_disk: BTreeMap::new(),
            first_own,
            in_order,
            data: 0,
            journaled: Amount::default(),
            ages: BTreeMap::new(),
            waiting_bytes: 0,
            in_flight_bytes: 0,
            evicted,
            max_bytes,
        }
    }

    /// Adds a batch to those that wait.
    pub(crate) fn push(&mut self, queued: QueuedBatch) {
        self.waiting_bytes += queued.memory_len();
        self.add(queued.amount(), Some(queued.oldest()));
        self.waiting.insert(queued.number, queued);
    }

    /// Takes out the oldest that there is no room for, as if so many bytes were `freed`. The newest stays.
    pub(crate) fn overflow(&mut self, freed: usize) -> Option<QueuedBatch> {
        let is_too_much = self.bytes().saturating_sub(freed) > self.max_bytes;
        if !is_too_much || self.waiting.len() < 2 {
            return None;
        }
        let (&oldest, _) = self.waiting.first_key_value()?;
        let number = if self.in_order {
            self.last_in_order()?
        } else {
            oldest
        };
        self.take(number)
    }

    /// Takes out the oldest that may be sent now; before what an earlier process recorded, as nobody waits for that.
    pub(crate) fn pop_ready(&mut self, now: Instant) -> Option<QueuedBatch> {
        let group = self.group_in_turn();
        let own = self.waiting.range(self.first_own..);
        let mut all = own.chain(self.waiting.range(..self.first_own));
        let is_ready = |queued: &QueuedBatch| queued.is_in(group) && queued.ready_at(now) <= now;
        let (&number, _) = all.find(|(_, queued)| is_ready(queued))?;
        self.take(number)
    }

    /// When one of them may be sent, past times included; none if there is none.
    pub(crate) fn next_ready(&self, now: Instant) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        let group = self.group_in_turn();
        for queued in self.waiting.values().filter(|queued| queued.is_in(group)) {
            let ready = queued.ready_at(now);
            if ready <= now {
                return Some(ready);
            }
            next = Some(next.map_or(ready, |next| next.min(ready)));
        }
        next
    }

    /// Nobody has to wait any longer for a time of its own.
    pub(crate) fn hurry(&mut self) {
        for queued in self.waiting.values_mut() {
            queued.not_before = None;
        }
    }

    /// An attempt is to begin.
    pub(crate) fn depart(&mut self, in_flight: InFlight) {
        let queued = &in_flight.queued;
        self.in_flight_bytes += queued.memory_len();
        self.add(queued.amount(), Some(queued.oldest()));
        self.in_flight.insert(in_flight.queued.number, in_flight);
    }

    pub(crate) fn in_flight_mut(&mut self, number: u64) -> Option<&mut InFlight> {
        self.in_flight.get_mut(&number)
    }

    /// An attempt is over.
    pub(crate) fn arrive(&mut self, number: u64) -> Option<InFlight> {
        let in_flight = self.in_flight.remove(&number)?;
        let queued = &in_flight.queued;
        self.in_flight_bytes -= queued.memory_len();
        self.remove(queued.amount(), Some(queued.oldest()));
        Some(in_flight)
    }

    pub(crate) fn in_flight(&self) -> impl ExactSizeIterator<Item = &InFlight> {
        self.in_flight.values()
    }

    /// A batch in memory, in flight or not.
    pub(crate) fn find(&mut self, number: u64) -> Option<&mut QueuedBatch> {
        match self.waiting.get_mut(&number) {
            Some(queued) => Some(queued),
            None => self.in_flight.get_mut(&number).map(|it| &mut it.queued),
        }
    }

    /// Takes out one that waits.
    pub(crate) fn take(&mut self, number: u64) -> Option<QueuedBatch> {
        let queued = self.waiting.remove(&number)?;
        self.waiting_bytes -= queued.memory_len();
        self.remove(queued.amount(), Some(queued.oldest()));
        Some(queued)
    }

    pub(crate) fn leave_to_disk(&mut self, number: u64, on_disk: OnDisk) {
        self.add(on_disk.amount.unwrap_or_default(), on_disk.oldest);
        self.journaled.add(on_disk.journaled());
        self.on_disk.insert(number, on_disk);
    }

    pub(crate) fn on_disk(&self, number: u64) -> Option<&OnDisk> {
        self.on_disk.get(&number)
    }

    /// One that left the memory while it was being written is there.
    pub(crate) fn is_written(&mut self, number: u64) {
        if let Some(on_disk) = self.on_disk.get_mut(&number) {
            on_disk.being_written = None;
            self.journaled.add(on_disk.journaled());
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
        self.remove(on_disk.amount.unwrap_or_default(), on_disk.oldest);
        self.journaled.subtract(on_disk.journaled());
        Some(on_disk)
    }

    /// The oldest from this number on that can be read.
    pub(crate) fn oldest_on_disk(&self, first: u64) -> Option<u64> {
        let mut on_disk = self.on_disk.range(first..);
        on_disk.find_map(|(&number, one)| one.being_written.is_none().then_some(number))
    }

    /// Whether so little waits that there is room for what is on disk.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes() < self.max_bytes / 2
    }

    /// The numbers of those that wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.keys().copied()
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
        in_flight.chain(self.waiting.values().map(|queued| (queued, false)))
    }

    /// Data and amount of all that is not settled, from this number on.
    pub(crate) fn unsettled(&self, first: u64) -> (usize, Amount) {
        let in_memory = self.in_memory();
        let in_memory = in_memory.filter(|(queued, _)| queued.number >= first);
        let in_memory = in_memory.map(|(queued, _)| (queued.data().count(), queued.amount()));
        let on_disk = self.on_disk.range(first..);
        let on_disk = on_disk.map(|(_, one)| (one.data, one.amount.unwrap_or_default()));
        let (mut data, mut amount) = (0, Amount::default());
        for (more_data, more) in in_memory.chain(on_disk) {
            data += more_data;
            amount.add(more);
        }
        (data, amount)
    }

    /// Of these batches.
    pub(crate) fn unsettled_of(&self, numbers: Range<u64>) -> Unsettled {
        let mut unsettled = Unsettled::default();
        for (queued, is_in_flight) in self.in_memory() {
            if numbers.contains(&queued.number)
                && let Some(settled) = queued.uncertain(is_in_flight)
            {
                unsettled.uncertain.add(settled.amount);
            }
        }
        for (_, one) in self.on_disk.range(numbers) {
            unsettled.journaled.add(one.journaled());
        }
        unsettled
    }

    /// How many data are not settled.
    pub(crate) fn data(&self) -> u64 {
        self.data
    }

    /// How much of it is on disk alone.
    pub(crate) fn journaled(&self) -> Amount {
        self.journaled
    }

    /// The earliest time stamp of all.
    pub(crate) fn oldest(&self) -> Option<SystemTime> {
        self.ages.first_key_value().map(|(&oldest, _)| oldest)
    }

    fn add(&mut self, amount: Amount, oldest: Option<SystemTime>) {
        self.data += amount.data;
        if let Some(oldest) = oldest {
            *self.ages.entry(oldest).or_default() += 1;
        }
    }

    fn remove(&mut self, amount: Amount, oldest: Option<SystemTime>) {
        self.data -= amount.data;
        if let Some(oldest) = oldest
            && let Entry::Occupied(mut count) = self.ages.entry(oldest)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// The number from which on the batches are this process's own.
    pub(crate) fn first_own(&self) -> u64 {
        self.first_own
    }

    /// The bytes of all that is in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting_bytes + self.in_flight_bytes + self.evicted.get()
    }
}
