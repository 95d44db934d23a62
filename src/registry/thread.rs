//! The slot of the calling thread, and how often it found no lane.

use crate::aggregate::{Slot, Slots, Thread};
use std::cell::Cell;
use std::sync::LazyLock;

static SLOTS: LazyLock<Slots> = LazyLock::new(Slots::new);

/// Of so many records that found no lane, one is a sample.
const SAMPLED: u32 = 64;

thread_local! {
    /// Nothing to drop, so that it can be read at any time of a thread's life.
    static SLOT: Cell<Slot> = const { Cell::new(Slot::UNKNOWN) };
    static HELD: Held = const { Held(Cell::new(Slot::NONE)) };
    static WITHOUT_LANE: Cell<u32> = const { Cell::new(0) };
}

/// Gives the slot back when the thread ends.
struct Held(Cell<Slot>);

/// The calling thread.
pub(super) struct Current;

impl Thread for Current {
    #[inline]
    fn slot(&self) -> Slot {
        SLOT.get()
    }

    fn sample(&self) -> Option<Slot> {
        let records = WITHOUT_LANE.get().wrapping_add(1);
        WITHOUT_LANE.set(records);
        records.is_multiple_of(SAMPLED).then(own_slot)
    }
}

fn own_slot() -> Slot {
    if SLOT.get() == Slot::UNKNOWN {
        // Where its end would not be noticed any more, as it is near, a thread goes without.
        let taken = HELD.try_with(|held| {
            held.0.set(SLOTS.take());
            held.0.get()
        });
        SLOT.set(taken.unwrap_or(Slot::NONE));
    }
    SLOT.get()
}

impl Drop for Held {
    fn drop(&mut self) {
        // What the rest of the thread's locals record as they go is shared.
        SLOT.set(Slot::NONE);
        SLOTS.give_back(self.0.get());
    }
}
