//! A lane for each thread, which it alone writes: so that it needs no read-modify-write, and shares
//! no cache line with another that is being written.

use super::marks::{Mark, Marks};
use super::sparse::Sparse;
use crate::sync::{Arc, AtomicU32, HOT, Mutex, OnceLock, Ordering, SLOTS};

/// The thread that records.
pub(crate) trait Thread {
    /// Its slot, if it has one by now.
    fn slot(&self) -> Slot;

    /// Called for each record that found no lane. Of every so many one is a sample.
    fn is_sample(&self) -> bool;

    /// The slot to open a lane for: one is taken, if it has none and there is one.
    fn take_slot(&self) -> Slot;
}

/// Which lanes a thread owns, for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    /// No lanes: all are taken, or the thread is about to end.
    pub(crate) const NONE: Self = Self(u32::MAX);
    /// No lanes yet.
    pub(crate) const UNKNOWN: Self = Self(u32::MAX - 1);

    fn place(self) -> Option<usize> {
        let place = self.0 as usize;
        (place < SLOTS).then_some(place)
    }
}

/// The slots that no thread has. One that ends gives its slot to one that starts: the lock makes all
/// that the first wrote known to the second, so that its lanes go on from where they are.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Mutex<u128>,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            free: Mutex::new(u128::MAX >> (128 - SLOTS)),
        }
    }

    /// The lowest, so that there are as few lanes as there are threads at a time.
    pub(crate) fn take(&self) -> Slot {
        let mut free = self.free.lock();
        if *free == 0 {
            return Slot::NONE;
        }
        let slot = Slot(free.trailing_zeros());
        *free &= *free - 1;
        slot
    }

    /// The slots that no thread has now, a bit each. What their lanes hold is nobody's but a drain's, until a thread
    /// takes one.
    pub(crate) fn free(&self) -> u128 {
        *self.free.lock()
    }

    pub(crate) fn give_back(&self, slot: Slot) {
        if slot.place().is_some() {
            *self.free.lock() |= 1 << slot.0;
        }
    }
}

/// The lanes of one series. There are none until it is hot, and then one for each thread that comes
/// here often: so that a cold series costs no more with many threads than with one.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    places: OnceLock<Box<Sparse<T, SLOTS>>>,
    marks: Arc<Marks>,
    /// Of its mark.
    place: u32,
    heat: AtomicU32,
}

impl<T> Lanes<T> {
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            places: OnceLock::new(),
            marks: mark.marks,
            place: mark.place,
            heat: AtomicU32::new(0),
        }
    }

    /// The lane of a slot, if it has one.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.places.get()?.get(slot.0 as usize)
    }

    /// Tells drains that something was recorded outside of lanes, after a read-modify-write that acquires what theirs
    /// releases.
    pub(crate) fn mark(&self) {
        self.marks.set(self.place);
    }

    /// Tells drains of whatever came before.
    pub(crate) fn mark_after_all(&self) {
        self.marks.set_after_all(self.place);
    }

    /// Where its mark is.
    pub(crate) fn marked_at(&self) -> Mark {
        Mark {
            marks: Arc::clone(&self.marks),
            place: self.place,
        }
    }

    /// After a record that found no lane, as [`mark`](Self::mark): it may be time to open one.
    pub(crate) fn missed(&self, thread: &impl Thread, new: impl FnOnce() -> T) {
        self.mark();
        // A thread that comes to what is cold alone takes no slot from those that need one.
        if thread.is_sample()
            && self.are_hot()
            && let Some(place) = thread.take_slot().place()
        {
            let places = self.places.get_or_init(Box::default);
            places.get_or_init(place, new);
            // What is in lanes has no mark; from the next drain on it looks there by itself.
            self.mark_after_all();
        }
    }

    /// Whether there are any.
    pub(crate) fn are_open(&self) -> bool {
        self.places.get().is_some()
    }

    fn are_hot(&self) -> bool {
        self.are_open() || self.heat.fetch_add(1, Ordering::Relaxed) + 1 >= HOT
    }

    /// Called by drains, so that heat is a rate.
    pub(crate) fn cool(&self) {
        // A look first: most series are cold, and a store would take the cache line every time.
        if self.heat.load(Ordering::Relaxed) != 0 {
            self.heat.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.of(u128::MAX)
    }

    /// Those of some slots, each a bit.
    pub(crate) fn of(&self, slots: u128) -> impl Iterator<Item = &T> {
        let places = self.places.get().into_iter();
        let lanes = places.flat_map(|places| places.iter());
        lanes.filter_map(move |(slot, lane)| (slots >> slot & 1 == 1).then_some(lane))
    }

    /// Bytes on the heap, without what a lane itself has there.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let places = self
            .places
            .get()
            .map_or(0, |_| size_of::<Sparse<T, SLOTS>>());
        places + self.iter().count() * size_of::<T>()
    }
}
