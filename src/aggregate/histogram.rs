//! Histogram: bucket counts, and beside them the exact sum, minimum and maximum.

use super::bucket::{self, Bucket};
use super::cut::Cut;
use super::float::{Extremes, Sum};
use super::pages::{Pages, add_saturating};
use super::{Refused, RefusedPoint};
use crate::limits;
use crate::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Histogram {
    cut: Cut,
    sides: [Side; 2],
    positive: Pages,
    negative: Pages,
    refused: Refused,
}

#[derive(Debug)]
struct Side {
    sum: Sum,
    extremes: Extremes,
    zeros: AtomicU64,
}

/// The samples of a window: whole records only, so that all of it fits together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HistogramPoint {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    /// The buckets that are not empty, by rising value.
    pub(crate) buckets: Vec<Bucket>,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            cut: Cut::new(),
            sides: [Side::new(), Side::new()],
            positive: Pages::new(),
            negative: Pages::new(),
            refused: Refused::new(),
        }
    }

    pub(crate) fn record(&self, value: f64, samples: u64) {
        if samples == 0 {
            return;
        }
        let value = match limits::check_value(value) {
            Ok(value) => value,
            Err(fault) => return self.refused.count(fault, samples),
        };
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

    /// Puts what was recorded since the last drain into `point`, whose memory is used again.
    /// Only ever one caller at a time.
    pub(crate) fn drain(&self, point: &mut HistogramPoint) -> RefusedPoint {
        point.count = 0;
        point.buckets.clear();
        if !self.cut.is_untouched() {
            self.take(self.cut.turn(), point);
        }
        self.refused.drain()
    }

    fn take(&self, entered: usize, point: &mut HistogramPoint) {
        let side = &self.sides[entered];
        self.negative.take(entered, |index, count| {
            point.buckets.push(Bucket::negative(index, count));
        });
        point.buckets.reverse();
        let zeros = side.zeros.load(Ordering::Relaxed);
        if zeros > 0 {
            side.zeros.store(0, Ordering::Relaxed);
            point.buckets.push(Bucket::zero(zeros));
        }
        self.positive.take(entered, |index, count| {
            point.buckets.push(Bucket::positive(index, count));
        });
        let counts = point.buckets.iter().map(|bucket| bucket.count);
        point.count = counts.fold(0, u64::saturating_add);
        (point.minimum, point.maximum) = side.extremes.take();
        point.sum = side.sum.take();
    }

    /// Bytes that this histogram holds, on the heap and in itself.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.positive.allocated() + self.negative.allocated()
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
