//! A lane for values: a ring that one thread writes, and a batch behind it.
//!
//! A record is two plain stores. Once the ring is full its owner adds all of it to the batch, under
//! a lock that it only ever tries: if a drain is there it records elsewhere meanwhile. A drain takes
//! the lock, adds what the ring has, and takes the batch out. So both see whole samples only, and the
//! lock costs next to nothing for each of them.

use crate::sync::{AtomicU64, Mutex, Ordering, RING};

/// Where a ring's values go.
pub(crate) trait Batch {
    /// Adds values, each as its bits.
    fn add_all(&mut self, values: impl Iterator<Item = u64>);
}

#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Lane<B> {
    /// Values that the owner has put in the ring, from the beginning.
    recorded: AtomicU64,
    /// As floats' bits, by their number.
    ring: [AtomicU64; RING],
    taken: Mutex<Taken<B>>,
}

#[derive(Debug)]
struct Taken<B> {
    /// Values that were taken out of the ring, from the beginning.
    until: u64,
    batch: B,
}

impl<B: Batch> Lane<B> {
    pub(crate) fn new(batch: B) -> Self {
        Self {
            recorded: AtomicU64::new(0),
            ring: std::array::from_fn(|_| AtomicU64::new(0)),
            taken: Mutex::new(Taken { until: 0, batch }),
        }
    }

    /// For the owner alone. Tells whether there was room, as there is but where the ring begins.
    #[inline]
    pub(crate) fn record(&self, value: f64) -> bool {
        let recorded = self.recorded.load(Ordering::Relaxed);
        let place = place(recorded);
        let has_room = place != 0;
        if has_room {
            self.put(place, recorded, value);
        }
        has_room
    }

    #[inline]
    fn put(&self, place: usize, recorded: u64, value: f64) {
        self.ring[place].store(value.to_bits(), Ordering::Relaxed);
        // Whoever sees that it is there sees what it is.
        self.recorded.store(recorded + 1, Ordering::Release);
    }

    /// Records where the ring begins again: if it can be emptied. For the owner alone.
    pub(crate) fn record_first(&self, value: f64) -> bool {
        let recorded = self.recorded.load(Ordering::Relaxed);
        let Some(mut taken) = self.taken.try_lock() else {
            return false;
        };
        taken.take_ring(self, recorded);
        drop(taken);
        self.put(place(recorded), recorded, value);
        true
    }

    /// Adds to the batch without the ring, if no drain is at it. Tells whether it was done.
    pub(crate) fn try_add(&self, add: impl FnOnce(&mut B)) -> bool {
        let taken = self.taken.try_lock();
        taken.is_some_and(|mut taken| {
            add(&mut taken.batch);
            true
        })
    }

    /// Takes out of the batch what it wants to, once all that was recorded is in there.
    pub(crate) fn drain<R>(&self, take: impl FnOnce(&mut B) -> R) -> R {
        let mut taken = self.taken.lock();
        // Acquire: the values up to here are there. More may come meanwhile, but the owner does not
        // begin the ring again before it had the lock.
        let recorded = self.recorded.load(Ordering::Acquire);
        taken.take_ring(self, recorded);
        take(&mut taken.batch)
    }
}

impl<B: Batch> Taken<B> {
    fn take_ring(&mut self, lane: &Lane<B>, recorded: u64) {
        let bits = |place: &AtomicU64| place.load(Ordering::Relaxed);
        if recorded - self.until == RING as u64 {
            self.batch.add_all(lane.ring.iter().map(bits));
        } else {
            let numbers = self.until..recorded;
            let places = numbers.map(|number| &lane.ring[place(number)]);
            self.batch.add_all(places.map(bits));
        }
        self.until = recorded;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "less than the length")]
fn place(number: u64) -> usize {
    (number % RING as u64) as usize
}
