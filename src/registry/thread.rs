//! The slot of the calling thread, and how often it found no lane.

use crate::aggregate::{Slot, Slots, Thread};
use std::cell::Cell;
use std::sync::LazyLock;

static SLOTS: LazyLock<Slots> = LazyLock::new(Slots::new);

/// Of so many records that found no lane, one is a sample. A prime, so that of records in turn each has its own.
const SAMPLED: u32 = 61;

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

    fn is_sample(&self) -> bool {
        let records = WITHOUT_LANE.get().wrapping_add(1);
        WITHOUT_LANE.set(records);
        records.is_multiple_of(SAMPLED)
    }

    fn take_slot(&self) -> Slot {
        if SLOT.get() == Slot::UNKNOWN {
            // Where its end would not be noticed any more, as it is near, a thread goes without.
            match HELD.try_with(Held::take) {
                // All are taken for now; the next sample asks again.
                Ok(Slot::NONE) => {}
                Ok(slot) => SLOT.set(slot),
                Err(_) => SLOT.set(Slot::NONE),
            }
        }
        SLOT.get()
    }
}

/// Slots whose threads ended, or that never had one.
pub(super) fn free_slots() -> u128 {
    SLOTS.free()
}

impl Held {
    fn take(&self) -> Slot {
        self.0.set(SLOTS.take());
        self.0.get()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What the rest of the thread's locals record as they go is shared.
        SLOT.set(Slot::NONE);
        SLOTS.give_back(self.0.get());
    }
}
