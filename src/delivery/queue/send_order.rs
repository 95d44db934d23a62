//! What goes in order: a group of batches is sent when those before it are settled. Where totals are sent, so that those of
//! each metric arrive by time.

use super::Queue;
use crate::delivery::durability::Durability;
use crate::delivery::queued_batch::QueuedBatch;

impl Queue {
    /// The group whose turn it is; none where there are no turns.
    pub(super) fn group_in_turn(&self) -> Option<u64> {
        if !self.in_order {
            return None;
        }
        let waiting = self.waiting.values().next().map(|queued| queued.group);
        let in_flight = self.in_flight.values().next().map(|one| one.queued.group);
        let on_disk = self.on_disk.values().next().map(|one| one.group);
        [waiting, in_flight, on_disk].into_iter().flatten().min()
    }

    /// Whether nothing goes on before something is read from disk.
    pub(crate) fn needs_disk(&self) -> bool {
        let Some(group) = self.group_in_turn() else {
            return false;
        };
        let waiting = self.waiting.values().next().map(|queued| queued.group);
        let in_flight = self.in_flight.values().next().map(|one| one.queued.group);
        waiting != Some(group) && in_flight != Some(group)
    }

    pub(crate) fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// What goes first where the oldest is what all others wait for: the newest that is on disk, or else the oldest that is
    /// not. Where totals begin, which is little, is kept as long as there is anything else.
    pub(super) fn last_in_order(&self) -> Option<u64> {
        let is_on_disk = |queued: &&QueuedBatch| {
            matches!(
                queued.durability,
                Durability::Durable | Durability::Writing { .. }
            )
        };
        let mut newer = self.waiting.values().skip(1).rev();
        let on_disk = newer.find(|queued| is_on_disk(queued) && !queued.is_zeros());
        let in_memory = || self.waiting.values().filter(|queued| !is_on_disk(queued));
        let last = on_disk
            .or_else(|| in_memory().find(|queued| !queued.is_zeros()))
            .or_else(|| in_memory().next())?;
        Some(last.number)
    }
}
