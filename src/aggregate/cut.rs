//! A clean cut through a stream of records, without a lock.
//!
//! Whoever records enters one of two sides, writes there, and leaves. The drain turns the sides
//! with one swap, which also tells how many entered; once as many have left, nobody writes on that
//! side any more and it holds whole records only. So a window's count, sum and extremes always
//! belong to the same samples. The drain waits for the few records that are under way; no record
//! ever waits for a drain.

use crate::sync::{AtomicU64, Ordering, yield_now};

const SIDE: u64 = 1 << 63;
const ENTRIES: u64 = SIDE - 1;

#[derive(Debug)]
pub(crate) struct Cut {
    /// The side in use in the top bit, the entries on it since the last turn in the others.
    entered: AtomicU64,
    left: [AtomicU64; 2],
}

impl Cut {
    pub(crate) fn new() -> Self {
        Self {
            entered: AtomicU64::new(0),
            left: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// The side to write on; each entry is followed by one [`leave`](Self::leave).
    pub(crate) fn enter(&self) -> usize {
        // Acquire: what the drain reset on this side before its turn comes first.
        side(self.entered.fetch_add(1, Ordering::Acquire))
    }

    pub(crate) fn leave(&self, side: usize) {
        self.left[side].fetch_add(1, Ordering::Release);
    }

    /// Turns the sides and gives the one that is now quiet, if anybody was there. Only ever one caller at a time.
    pub(crate) fn turn(&self) -> Option<usize> {
        let next = (self.entered.load(Ordering::Relaxed) & SIDE) ^ SIDE;
        let before = self.entered.swap(next, Ordering::AcqRel);
        let entries = before & ENTRIES;
        if entries == 0 {
            return None;
        }
        let side = side(before);
        while self.left[side].load(Ordering::Acquire) != entries {
            yield_now();
        }
        self.left[side].store(0, Ordering::Relaxed);
        Some(side)
    }
}

fn side(entered: u64) -> usize {
    usize::from(entered & SIDE != 0)
}
