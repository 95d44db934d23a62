//! Gauge: the last value, and the extremes between two snapshots.
//!
//! All three are shared by all threads. A `set` stores the last value, then moves the extremes if it is beyond them. A
//! snapshot resets the extremes, then reads the last value. If the two meet:
//!
//! | the `set` looks at the extremes | its value shows |
//! |---|---|
//! | before the reset, and is within them | in this window, within the extremes; as the last value in this or the next |
//! | before the reset, and moves them | the same |
//! | after the reset | in the next window, and in this one too if the snapshot reads it as the last value |
//!
//! A snapshot compares the last value with the one that the previous snapshot took, by their bits. So it also finds a
//! `set` whose store arrived late, and that moved no extreme.

use super::atomic_f64::AtomicF64;
use super::extremes::Extremes;
use super::refused_values::{RefusedCounts, RefusedValues};
use super::{Aggregate, Scratch, Value, Visit};
use crate::refusal_reason::{RefusalReason, accept};
use crate::sync::{AtomicBool, Ordering};
use metrics_util::MetricKind;

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Gauge {
    last: AtomicF64,
    min: AtomicF64,
    max: AtomicF64,
    /// The last value that a snapshot took; snapshots alone touch it.
    taken: AtomicF64,
    refused: RefusedValues,
    /// Whether it was ever incremented or decremented.
    is_relative: AtomicBool,
}

impl Gauge {
    #[inline]
    pub(crate) fn set(&self, value: f64) {
        match accept(value) {
            Ok(value) => {
                self.last.store(value, Ordering::Relaxed);
                self.include(value);
            }
            Err(reason) => self.refuse(reason),
        }
    }

    pub(crate) fn increment(&self, amount: f64) {
        // Checked apart from the result: an amount out of range is at fault whatever it adds to.
        let amount = match accept(amount) {
            Ok(amount) => amount,
            Err(reason) => return self.refuse(reason),
        };
        if !self.is_relative.load(Ordering::Relaxed) {
            self.is_relative.store(true, Ordering::Relaxed);
        }
        let mut refusal = RefusalReason::OutOfRange;
        let changed = self.last.update(Ordering::Relaxed, |last| {
            accept(amount + last).map_err(|new| refusal = new).ok()
        });
        match changed {
            Some(value) => self.include(value),
            None => self.refuse(refusal),
        }
    }

    #[cold]
    fn refuse(&self, reason: RefusalReason) {
        self.refused.count(reason, 1);
    }

    /// Moves the extremes, if what was the last value just now is beyond them.
    #[inline]
    fn include(&self, value: f64) {
        let beyond_min = value < self.min.load(Ordering::Relaxed);
        let beyond_max = value > self.max.load(Ordering::Relaxed);
        if beyond_min || beyond_max {
            self.move_extremes(value);
        }
    }

    // Apart, so that the quick way needs no stack.
    #[cold]
    #[inline(never)]
    fn move_extremes(&self, value: f64) {
        // Release: a snapshot that takes this extreme reads this last value, or a later one.
        self.min
            .update(Ordering::Release, |min| (value < min).then_some(value));
        self.max
            .update(Ordering::Release, |max| (value > max).then_some(value));
    }
}

impl Aggregate for Gauge {
    const KIND: MetricKind = MetricKind::Gauge;

    /// Threads write to it all its life: they would take cache lines from each other.
    const NEIGHBOURS: usize = 1;

    fn new() -> Self {
        Self {
            last: AtomicF64::new(0.0),
            min: AtomicF64::new(Extremes::NONE.min),
            max: AtomicF64::new(Extremes::NONE.max),
            taken: AtomicF64::new(0.0),
            refused: RefusedValues::new(),
            is_relative: AtomicBool::new(false),
        }
    }

    #[inline]
    fn may_have_changed(&self) -> bool {
        let (min, max) = (
            self.min.load(Ordering::Relaxed),
            self.max.load(Ordering::Relaxed),
        );
        let (last, taken) = (
            self.last.load(Ordering::Relaxed),
            self.taken.load(Ordering::Relaxed),
        );
        min != Extremes::NONE.min
            || max != Extremes::NONE.max
            || last.to_bits() != taken.to_bits()
            || self.refused.are_any()
    }

    fn take<'a>(&self, _: &'a mut Scratch, _: Visit) -> (Option<Value<'a>>, RefusedCounts) {
        let mut extremes = Extremes {
            min: self.min.swap(Extremes::NONE.min, Ordering::Acquire),
            max: self.max.swap(Extremes::NONE.max, Ordering::Acquire),
        };
        // After the extremes: whatever they include was stored before.
        let last = self.last.load(Ordering::Relaxed);
        let has_moved = extremes != Extremes::NONE;
        let taken = self.taken.load(Ordering::Relaxed);
        let value = (has_moved || last.to_bits() != taken.to_bits()).then(|| {
            self.taken.store(last, Ordering::Relaxed);
            extremes.include(last);
            Value::Gauge {
                last,
                min: extremes.min,
                max: extremes.max,
            }
        });
        (value, self.refused.take())
    }

    fn holds_state(&self) -> bool {
        // An increment goes on from the last value.
        self.is_relative.load(Ordering::Relaxed) && self.last.load(Ordering::Relaxed) != 0.0
    }
}
