//! What waits to be sent: bounded by bytes, the oldest goes first.

use crate::delivery::entry::Entry;
use crate::delivery::event::RESTORED;
use crate::delivery::parcel::Parcel;
use crate::model::evicted::EvictedBytes;
use std::collections::VecDeque;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Queue {
    /// By number.
    waiting: VecDeque<Parcel>,
    /// Of all that waits.
    bytes: usize,
    /// What data take beside, for series that were evicted meanwhile.
    evicted: EvictedBytes,
    max_bytes: usize,
}

impl Queue {
    pub(crate) fn new(max_bytes: usize, evicted: EvictedBytes) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            evicted,
            max_bytes,
        }
    }

    /// Adds a parcel at its place in the order.
    pub(crate) fn push(&mut self, parcel: Parcel) {
        self.bytes += parcel.memory_len();
        let place = self
            .waiting
            .partition_point(|other| other.number <= parcel.number);
        self.waiting.insert(place, parcel);
    }

    /// Takes out the oldest that there is no room for, with so many bytes `elsewhere`, and as if so many were `freed`.
    /// The newest stays.
    pub(crate) fn overflow(&mut self, elsewhere: usize, freed: usize) -> Option<Parcel> {
        let is_too_much = (self.bytes() + elsewhere).saturating_sub(freed) > self.max_bytes;
        (is_too_much && self.waiting.len() > 1)
            .then(|| self.take(0))
            .flatten()
    }

    /// Takes out the oldest that may be sent now; before what an earlier process recorded, as nobody waits for that.
    pub(crate) fn pop_ready(&mut self, now: Instant) -> Option<Parcel> {
        let own = self
            .waiting
            .partition_point(|parcel| parcel.number == RESTORED);
        let is_ready = |place: &usize| ready_at(&self.waiting[*place], now) <= now;
        let place = (own..self.waiting.len()).chain(0..own).find(is_ready)?;
        self.take(place)
    }

    /// When one of them may be sent, past times included; none if there is none.
    pub(crate) fn next_ready(&self, now: Instant) -> Option<Instant> {
        let times = self.waiting.iter();
        times.map(|parcel| ready_at(parcel, now)).min()
    }

    /// Nobody has to wait any longer for a time of its own.
    pub(crate) fn hurry(&mut self) {
        for parcel in &mut self.waiting {
            parcel.not_before = None;
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Parcel> {
        self.waiting.iter_mut()
    }

    /// Whether so little waits that there is room for what is on disk.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes() < self.max_bytes / 2
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Parcel> {
        self.waiting.iter()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.evicted.get()
    }

    fn take(&mut self, place: usize) -> Option<Parcel> {
        let parcel = self.waiting.remove(place)?;
        self.bytes -= parcel.memory_len();
        Some(parcel)
    }
}

/// Not as long as it is being written to disk: after a crash it could not be told whether it was sent. But not
/// for ever.
fn ready_at(parcel: &Parcel, now: Instant) -> Instant {
    let not_before = parcel.not_before.unwrap_or(now);
    match parcel.entry {
        Entry::Waiting(until) | Entry::Storing(_, until) => not_before.max(until),
        Entry::None | Entry::Stored(_) => not_before,
    }
}
