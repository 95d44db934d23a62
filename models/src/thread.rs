//! Threads that record.

use crate::aggregate::{Mark, Marks, Slot, Slots, Thread};
use loom::sync::Arc;

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

/// Of a series that drains look at in any case: it is set, so that there is less to explore.
pub(crate) fn mark() -> Mark {
    let mark = Mark {
        marks: Arc::new(Marks::new()),
        place: 0,
    };
    mark.marks.set(mark.place);
    mark
}
