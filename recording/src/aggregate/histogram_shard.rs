//! A histogram's shard: a ring of values that one thread writes, and the buckets behind it.
//!
//! A record is two plain stores. Once the ring is full, its owner moves all values to the buckets, under a lock that the
//! owner only tries. If a snapshot has the lock, the record goes elsewhere. A snapshot takes the lock, moves what the ring
//! has, and takes the buckets. Values are moved as a whole: each is in one point, with all that belongs to it.

use super::buckets::Buckets;
use super::refused_values::RefusedValues;
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Values that a shard has room for until they go to its buckets; a power of two.
const RING: usize = if cfg!(loom) { 2 } else { 64 };

#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct HistogramShard {
    /// Values that the owner has put in the ring, from the beginning.
    recorded: AtomicU64,
    /// As floats' bits, by their number.
    ring: [AtomicU64; RING],
    taken: Mutex<Taken>,
}

#[derive(Debug)]
struct Taken {
    /// Values that were taken out of the ring, from the beginning.
    until: u64,
    /// The window of the last visit that found something.
    last_used: u32,
    buckets: Buckets,
}

impl HistogramShard {
    pub(crate) fn new() -> Self {
        Self {
            recorded: AtomicU64::new(0),
            ring: std::array::from_fn(|_| AtomicU64::new(0)),
            taken: Mutex::new(Taken {
                until: 0,
                last_used: 0,
                buckets: Buckets::default(),
            }),
        }
    }

    /// For the owner alone. Returns whether there was room: there is none where the ring begins.
    #[inline]
    pub(crate) fn record(&self, value: f64) -> bool {
        let recorded = self.recorded.load(Ordering::Relaxed);
        let position = in_ring(recorded);
        let has_room = position != 0;
        if has_room {
            self.put(position, recorded, value);
        }
        has_room
    }

    #[inline]
    fn put(&self, position: usize, recorded: u64, value: f64) {
        self.ring[position].store(value.to_bits(), Ordering::Relaxed);
        // Whoever sees that it is there sees what it is.
        self.recorded.store(recorded + 1, Ordering::Release);
    }

    /// Records where the ring begins again, if it can be emptied. For the owner alone.
    pub(crate) fn record_first(&self, value: f64, refused: &RefusedValues) -> bool {
        let recorded = self.recorded.load(Ordering::Relaxed);
        let Some(mut taken) = self.taken.try_lock() else {
            return false;
        };
        taken.take_ring(self, recorded, refused);
        drop(taken);
        self.put(in_ring(recorded), recorded, value);
        true
    }

    /// Adds to the buckets past the ring, unless a snapshot is there. Returns whether it did.
    pub(crate) fn try_add(&self, value: f64, samples: u64) -> bool {
        let taken = self.taken.try_lock();
        taken.is_some_and(|mut taken| {
            taken.buckets.add(value, samples);
            true
        })
    }

    /// Gives the buckets to `take`, once all that was recorded is in them, and for how many windows nothing was.
    pub(crate) fn take<R>(
        &self,
        refused: &RefusedValues,
        window: u32,
        take: impl FnOnce(&mut Buckets, u32) -> R,
    ) -> R {
        let mut taken = self.taken.lock();
        // Acquire: the values up to here are there. More may come meanwhile, but the owner does not begin the ring
        // again before it had the lock.
        let recorded = self.recorded.load(Ordering::Acquire);
        taken.take_ring(self, recorded, refused);
        if taken.buckets.count() > 0 {
            taken.last_used = window;
        }
        let idle_windows = window.wrapping_sub(taken.last_used);
        take(&mut taken.buckets, idle_windows)
    }

    /// Bytes that the buckets have on the heap.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        self.taken.lock().buckets.allocated()
    }
}

impl Taken {
    fn take_ring(&mut self, shard: &HistogramShard, recorded: u64, refused: &RefusedValues) {
        let bits = |position: &AtomicU64| position.load(Ordering::Relaxed);
        let refuse = |reason| refused.count(reason, 1);
        if recorded - self.until == RING as u64 {
            self.buckets.add_all(shard.ring.iter().map(bits), refuse);
        } else {
            // Part of the ring, in two pieces where it goes round.
            let (from, to) = (in_ring(self.until), in_ring(recorded));
            let (one, other) = if from <= to {
                (&shard.ring[from..to], &shard.ring[..0])
            } else {
                (&shard.ring[from..], &shard.ring[..to])
            };
            self.buckets.add_all(one.iter().map(bits), refuse);
            self.buckets.add_all(other.iter().map(bits), refuse);
        }
        self.until = recorded;
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than the length")]
fn in_ring(number: u64) -> usize {
    (number % RING as u64) as usize
}
