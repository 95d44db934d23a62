//! Threads that record.

use crate::aggregate::{Slot, Slots, Thread};

/// Every record of its that finds no lane opens one.
pub(crate) struct Recorder(Slot);

/// Never has a lane.
pub(crate) const SHARING: Recorder = Recorder(Slot::NONE);

impl Recorder {
    pub(crate) fn start(slots: &Slots) -> Self {
        Self(slots.take())
    }

    pub(crate) fn end(self, slots: &Slots) {
        slots.give_back(self.0);
    }
}

impl Thread for Recorder {
    fn slot(&self) -> Slot {
        self.0
    }

    fn is_sample(&self) -> bool {
        true
    }

    fn take_slot(&self) -> Slot {
        self.slot()
    }
}
