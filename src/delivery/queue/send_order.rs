//! What goes in order: a group of batches is sent when those before it are settled. Where totals are sent, so that those of
//! each metric arrive by time.

use super::{OnDisk, Queue};
use crate::delivery::queued_batch::QueuedBatch;

impl Queue {
    /// The group whose turn it is; none where there are no turns.
    pub(super) fn group_in_turn(&self) -> Option<u64> {
        if !self.in_order {
            return None;
        }
        let waiting = self.waiting.first().map(|queued| queued.group);
        let in_flight = self.in_flight.values().next().map(|one| one.queued.group);
        let on_disk = self.on_disk.values().next().map(|one| one.group);
        [waiting, in_flight, on_disk].into_iter().flatten().min()
    }

    /// Whether all others wait for this batch, which is on disk alone.
    pub(crate) fn is_in_turn(&self, number: u64) -> bool {
        let group = self.group_in_turn();
        let waiting = self.waiting.first().map(|queued| queued.group);
        let in_flight = self.in_flight.values().next().map(|one| one.queued.group);
        let on_disk = self.on_disk.get(&number).map(OnDisk::group);
        group.is_some() && on_disk == group && waiting != group && in_flight != group
    }

    /// Whether nothing that waits or is on disk is older than what is held, where there are turns: a test sends that.
    pub(crate) fn may_test(&self) -> bool {
        let last_held = self.held.last_key_value().map(|(number, _)| *number);
        let waiting = self.waiting.first().map(|queued| queued.number);
        let on_disk = self.on_disk.first_key_value().map(|(number, _)| *number);
        let first = [waiting, on_disk].into_iter().flatten().min();
        !self.in_order || first.is_none_or(|first| last_held.is_none_or(|last| first > last))
    }

    pub(crate) fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// What goes first where all others wait for the oldest: the newest that is on disk, or else the oldest that is not.
    pub(super) fn last_in_order(&self) -> Option<u64> {
        let is_in_memory = |queued: &&QueuedBatch| !queued.durability.stays_on_disk();
        // Where none is on disk but the oldest, it is the first or the second.
        let in_memory = || self.waiting.iter().find(is_in_memory);
        let on_disk = self.waiting.newest_on_disk();
        on_disk.or_else(|| in_memory().map(|queued| queued.number))
    }
}
