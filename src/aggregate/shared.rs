//! The part of a histogram that any thread may write: bucket counts, and beside them the exact sum,
//! minimum and maximum.

use super::bucket::{self, Bucket};
use super::cut::Cut;
use super::float::{Extremes, Sum};
use super::pages::{Pages, add_saturating};
use super::point::{HistogramPoint, Totals};
use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Shared {
    cut: Cut,
    sides: [Side; 2],
    positive: Pages,
    negative: Pages,
}

#[derive(Debug)]
struct Side {
    sum: Sum,
    extremes: Extremes,
    zeros: AtomicU64,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            cut: Cut::new(),
            sides: [Side::new(), Side::new()],
            positive: Pages::new(),
            negative: Pages::new(),
        }
    }

    /// Records what the service takes.
    pub(crate) fn record(&self, value: f64, samples: u64) {
        let bucket = (value != 0.0).then(|| bucket::index(value.abs()));
        #[expect(clippy::cast_precision_loss, reason = "a sum is a float")]
        let amount = value * samples as f64;
        // Nothing may panic from here to the leave, or the drain would wait for ever.
        let entered = self.cut.enter();
        let side = &self.sides[entered];
        side.sum.add(amount);
        side.extremes.include(value);
        match bucket {
            Some(bucket) if value > 0.0 => self.positive.add(entered, bucket, samples),
            Some(bucket) => self.negative.add(entered, bucket, samples),
            None => {
                add_saturating(&side.zeros, samples);
            }
        }
        self.cut.leave(entered);
    }

    /// Adds what was recorded since the last drain to `point`. Only ever one caller at a time.
    pub(crate) fn drain(&self, point: &mut HistogramPoint) {
        let Some(entered) = self.cut.turn() else {
            return;
        };
        let side = &self.sides[entered];
        let totals = Totals {
            sum: side.sum.take(),
            range: side.extremes.take(),
        };
        point.merge(&totals, |buckets| {
            self.negative.take(entered, |index, count| {
                buckets.push(Bucket::negative(index, count));
            });
            buckets.reverse();
            let zeros = side.zeros.load(Ordering::Relaxed);
            if zeros > 0 {
                side.zeros.store(0, Ordering::Relaxed);
                buckets.push(Bucket::zero(zeros));
            }
            self.positive.take(entered, |index, count| {
                buckets.push(Bucket::positive(index, count));
            });
        });
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        self.positive.allocated() + self.negative.allocated()
    }
}

impl Side {
    fn new() -> Self {
        Self {
            sum: Sum::new(),
            extremes: Extremes::new(),
            zeros: AtomicU64::new(0),
        }
    }
}
