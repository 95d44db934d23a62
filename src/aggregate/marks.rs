//! Which series were recorded to: a bit for each of 64, beside each other, so that a drain need not look at those
//! that were not.
//!
//! A mark is set after the record, and only where it is not set yet, so that threads share what is only read most of
//! the time. That nothing is overlooked takes a read-modify-write by each side of one number of the series, and the
//! order that they come in: the record's, which acquires, and after it a look at the mark; the drain's, which releases,
//! and before it the mark is taken. If the record's comes first, the drain finds it; if the drain's does, the record
//! finds its mark gone, and sets it anew. It may be somebody else's read-modify-write that a thread only reads, as
//! where a total is there already: that one acquired, so that its order holds. What is seldom, and not in such a
//! number, has a fence on both sides instead: if the record's comes first, the drain finds what was before it, else the
//! record finds the mark gone. A drain that takes no mark needs neither, whatever it looks at: a mark that it did not
//! see is there for the next one.

use crate::sync::{Arc, AtomicU64, Ordering, fence};

/// A cache line of its own: else all that lies beside it would be fetched anew with every mark that is set.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Marks(AtomicU64);

/// Where the mark of a series is.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) marks: Arc<Marks>,
    /// Among all of its kind. Its bit is what is left by [`Marks::COUNT`].
    pub(crate) place: u32,
}

impl Marks {
    pub(crate) const COUNT: u32 = u64::BITS;

    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// After a read-modify-write that acquires what the drain's releases.
    pub(crate) fn set(&self, place: u32) {
        if self.0.load(Ordering::Relaxed) & bit(place) == 0 {
            self.0.fetch_or(bit(place), Ordering::Release);
        }
    }

    /// After whatever else a drain is to see.
    pub(crate) fn set_after_all(&self, place: u32) {
        fence(Ordering::SeqCst);
        self.set(place);
    }

    /// The marks that were set, which are no more. Only ever one caller at a time.
    pub(crate) fn take(&self) -> u64 {
        // A look first: most rows are untouched, and a swap would take the cache line every time.
        if self.0.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let marks = self.0.swap(0, Ordering::Acquire);
        fence(Ordering::SeqCst);
        marks
    }
}

fn bit(place: u32) -> u64 {
    1 << (place % Marks::COUNT)
}
