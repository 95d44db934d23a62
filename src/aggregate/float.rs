//! A 64-bit float in an atomic.

use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(crate) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(crate) fn load(&self, order: Ordering) -> f64 {
        f64::from_bits(self.0.load(order))
    }

    pub(crate) fn store(&self, value: f64, order: Ordering) {
        self.0.store(value.to_bits(), order);
    }

    /// Puts `change(current)` in place and gives it back, or leaves all as it is on `None`.
    pub(crate) fn update(
        &self,
        order: Ordering,
        mut change: impl FnMut(f64) -> Option<f64>,
    ) -> Option<f64> {
        let mut changed = None;
        let updated = self.0.fetch_update(order, Ordering::Relaxed, |bits| {
            changed = change(f64::from_bits(bits));
            changed.map(f64::to_bits)
        });
        updated.ok().and(changed)
    }
}

/// A sum whose rounding errors are summed up, too: so that many small values count beside a great
/// one, and a million tenths are a hundred thousand.
#[derive(Debug)]
pub(crate) struct Sum {
    rounded: AtomicF64,
    lost: AtomicF64,
}

impl Sum {
    pub(crate) fn new() -> Self {
        Self {
            rounded: AtomicF64::new(0.0),
            lost: AtomicF64::new(0.0),
        }
    }

    pub(crate) fn add(&self, value: f64) {
        let mut lost = 0.0;
        self.rounded.update(Ordering::Relaxed, |sum| {
            // Exact, as the update only succeeds for the sum it was computed for.
            let (rounded, rounded_off) = two_sum(sum, value);
            lost = rounded_off;
            Some(rounded)
        });
        if lost != 0.0 {
            self.lost.update(Ordering::Relaxed, |sum| Some(sum + lost));
        }
    }

    /// Takes the sum out. Only for a side that is quiet.
    pub(crate) fn take(&self) -> Compensated {
        let sum = Compensated {
            rounded: self.rounded.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        };
        self.rounded.store(0.0, Ordering::Relaxed);
        self.lost.store(0.0, Ordering::Relaxed);
        sum
    }
}

/// A sum with what it lost to rounding, where only one thread is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Compensated {
    rounded: f64,
    lost: f64,
}

impl Compensated {
    pub(crate) const ZERO: Self = Self {
        rounded: 0.0,
        lost: 0.0,
    };

    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let (rounded, lost) = two_sum(self.rounded, value);
        self.rounded = rounded;
        self.lost += lost;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.rounded);
        self.lost += other.lost;
    }

    pub(crate) fn total(self) -> f64 {
        self.rounded + self.lost
    }
}

/// A sum, and exactly what it was rounded by (Knuth's 2Sum).
#[inline]
fn two_sum(sum: f64, value: f64) -> (f64, f64) {
    let rounded = sum + value;
    let added = rounded - sum;
    (rounded, (sum - (rounded - added)) + (value - added))
}

/// The least and the greatest value since the last reset.
#[derive(Debug)]
pub(crate) struct Extremes {
    minimum: AtomicF64,
    maximum: AtomicF64,
}

impl Extremes {
    pub(crate) fn new() -> Self {
        Self {
            minimum: AtomicF64::new(f64::INFINITY),
            maximum: AtomicF64::new(f64::NEG_INFINITY),
        }
    }

    pub(crate) fn include(&self, value: f64) {
        // A plain load first: extremes move rarely, and a load does not take the cache line.
        if value < self.minimum.load(Ordering::Relaxed) {
            self.minimum
                .update(Ordering::Relaxed, |least| (value < least).then_some(value));
        }
        if value > self.maximum.load(Ordering::Relaxed) {
            self.maximum
                .update(Ordering::Relaxed, |most| (value > most).then_some(value));
        }
    }

    /// Takes both out. Only for a side that is quiet.
    pub(crate) fn take(&self) -> Range {
        let extremes = Range {
            minimum: self.minimum.load(Ordering::Relaxed),
            maximum: self.maximum.load(Ordering::Relaxed),
        };
        self.minimum.store(f64::INFINITY, Ordering::Relaxed);
        self.maximum.store(f64::NEG_INFINITY, Ordering::Relaxed);
        extremes
    }
}

/// The least and the greatest of some values, where only one thread is at work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

impl Range {
    /// Of no values.
    pub(crate) const NONE: Self = Self {
        minimum: f64::INFINITY,
        maximum: f64::NEG_INFINITY,
    };

    pub(crate) fn is_empty(self) -> bool {
        self.minimum > self.maximum
    }

    #[inline]
    pub(crate) fn include(&mut self, value: f64) {
        // Not `f64::min`, which would take care of what is not a number.
        if value < self.minimum {
            self.minimum = value;
        }
        if value > self.maximum {
            self.maximum = value;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }
}
