//! The samples of a histogram: counts by bucket, and beside them the exact count, sum, minimum and maximum.

use super::bucket::{self, Bucket};
use super::chunks::{Chunks, Pool};
use super::exact_sum::ExactSum;
use super::extremes::Extremes;
use crate::refusal_reason::{MAX_MAGNITUDE, MIN_MAGNITUDE, RefusalReason, accept};

/// The samples of a histogram, without loss but for their place within a [`Bucket`].
///
/// Count, sum, minimum and maximum are exact. A clone can be kept, and merged with others:
///
/// ```
/// use metrics_recording::{Buckets, Bucket};
///
/// fn p50(buckets: &Buckets) -> Option<f64> {
///     let mut left = buckets.count().div_ceil(2);
///     let mut holds_median = |bucket: &Bucket| {
///         left = left.saturating_sub(bucket.count);
///         left == 0
///     };
///     Some(buckets.iter().find(&mut holds_median)?.bounds().0)
/// }
/// assert_eq!(p50(&Buckets::default()), None);
/// assert_eq!(p50(&Buckets::from_iter([1.0, 2.0, 3.0])), Some(2.0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    count: u64,
    totals: Totals,
    zeros: u64,
    positive: Chunks,
    negative: Option<Box<Chunks>>,
}

/// What there is beside the counts.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    sum: ExactSum,
    extremes: Extremes,
}

impl Totals {
    const NONE: Self = Self {
        sum: ExactSum::ZERO,
        extremes: Extremes::NONE,
    };

    #[inline]
    fn include(&mut self, value: f64, samples: f64) {
        self.sum.add(value * samples);
        self.extremes.include(value);
    }

    fn merge(&mut self, other: &Self) {
        self.sum.merge(other.sum);
        self.extremes.merge(other.extremes);
    }
}

impl Buckets {
    /// How many samples there are. Beyond 2^64 - 1 it stays there.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all samples; 0 if there are none. Its error is below 1e-15, relative to the sum of magnitudes.
    pub fn sum(&self) -> f64 {
        self.totals.sum.total()
    }

    /// The sum in two parts: the rounded sum, and what rounding took from it. [`from_parts`](Self::from_parts) takes both,
    /// so that what comes to it later adds up as exactly.
    pub fn sum_parts(&self) -> (f64, f64) {
        self.totals.sum.parts()
    }

    /// The least sample; none if there are no samples.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.totals.extremes.min)
    }

    /// The greatest sample; none if there are no samples.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.totals.extremes.max)
    }

    /// The buckets that have samples, by rising value.
    pub fn iter(&self) -> impl Iterator<Item = Bucket> {
        let negative = self.negative.iter().flat_map(|chunks| chunks.iter().rev());
        let negative = negative.map(|(cell, count)| Bucket::negative(cell, count));
        let zeros = (self.zeros > 0).then(|| Bucket::zero(self.zeros));
        let positive = self.positive.iter();
        let positive = positive.map(|(cell, count)| Bucket::positive(cell, count));
        negative.chain(zeros).chain(positive)
    }

    /// Puts together what others told: the index and the count of each [`Bucket`], in any order, the
    /// [parts of the sum](Self::sum_parts), the least and the greatest sample.
    ///
    /// None if no samples have these parts: there is no bucket, a bucket has no samples or an index that no bucket has,
    /// the extremes do not lie in the outermost buckets, or the sum is not finite.
    pub fn from_parts(
        buckets: impl IntoIterator<Item = (i32, u64)>,
        (rounded, lost): (f64, f64),
        min: f64,
        max: f64,
    ) -> Option<Self> {
        let mut all = Self::default();
        let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
        for (index, samples) in buckets {
            if samples == 0 {
                return None;
            }
            match index {
                0 => all.zeros = all.zeros.saturating_add(samples),
                1.. => all.positive.add(Bucket::cell_of(index)?, samples),
                ..0 => {
                    let negative = all.negative.get_or_insert_default();
                    negative.add(Bucket::cell_of(index)?, samples);
                }
            }
            all.count = all.count.saturating_add(samples);
            (lowest, highest) = (lowest.min(index), highest.max(index));
        }
        let is_in = |value, index| accept(value) == Ok(value) && Bucket::of(value).index == index;
        let is_sound =
            (rounded + lost).is_finite() && min <= max && is_in(min, lowest) && is_in(max, highest);
        all.totals = Totals {
            sum: ExactSum::of_parts(rounded, lost),
            extremes: Extremes { min, max },
        };
        is_sound.then_some(all)
    }

    /// Adds the samples of another.
    pub fn merge(&mut self, other: &Self) {
        self.merge_totals(other);
        self.positive.merge(&other.positive);
        if let Some(negative) = &other.negative {
            self.negative.get_or_insert_default().merge(negative);
        }
    }

    fn merge_totals(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.totals.merge(&other.totals);
        self.zeros = self.zeros.saturating_add(other.zeros);
    }

    /// Adds a value that was [accepted](accept) so many times.
    #[inline]
    pub(crate) fn add(&mut self, value: f64, samples: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a sum is a float")]
        self.totals.include(value, samples as f64);
        self.count = self.count.saturating_add(samples);
        if value > 0.0 {
            self.positive.add(bucket::cell(value), samples);
        } else if value < 0.0 {
            let negative = self.negative.get_or_insert_default();
            negative.add(bucket::cell(-value), samples);
        } else {
            self.zeros = self.zeros.saturating_add(samples);
        }
    }

    /// Adds values by their bits, once each. Quick for positive ones, as most are.
    #[inline]
    pub(crate) fn add_all(
        &mut self,
        values: impl ExactSizeIterator<Item = u64>,
        mut refuse: impl FnMut(RefusalReason),
    ) {
        // Two sums in turn, as each addition has to wait for the one before.
        let (mut totals, mut others) = (self.totals, Totals::NONE);
        let mut quick = values.len() as u64;
        for bits in values {
            let value = f64::from_bits(bits);
            // Positive floats are ordered as their bits are.
            if (MIN_MAGNITUDE.to_bits()..=MAX_MAGNITUDE.to_bits()).contains(&bits) {
                totals.include(value, 1.0);
                self.positive.add(bucket::cell(value), 1);
                std::mem::swap(&mut totals, &mut others);
            } else {
                quick -= 1;
                match accept(value) {
                    Ok(value) => {
                        self.totals = Totals::NONE;
                        self.add(value, 1);
                        totals.merge(&self.totals);
                    }
                    Err(reason) => refuse(reason),
                }
            }
        }
        totals.merge(&others);
        self.totals = totals;
        self.count = self.count.saturating_add(quick);
    }

    /// Moves the samples to `target`. The chunks stay, empty, for the samples to come.
    pub(crate) fn move_to(&mut self, target: &mut Self, pool: &mut Pool) {
        if self.count == 0 {
            return;
        }
        target.merge_totals(self);
        (self.count, self.totals, self.zeros) = (0, Totals::NONE, 0);
        self.positive.move_to(&mut target.positive, pool);
        if let Some(negative) = &mut self.negative {
            negative.move_to(target.negative.get_or_insert_default(), pool);
        }
    }

    /// Empties it; its chunks go to `pool`.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        (self.count, self.totals, self.zeros) = (0, Totals::NONE, 0);
        self.positive.clear(pool);
        if let Some(negative) = &mut self.negative {
            negative.clear(pool);
        }
    }

    /// Frees the chunks, if there are no samples.
    pub(crate) fn free_chunks(&mut self) {
        if self.count == 0 {
            self.positive = Chunks::default();
            self.negative = None;
        }
    }

    /// Bytes of memory on the heap, without what the allocator adds: 512 for each octave that samples are in, and some.
    pub fn allocated(&self) -> usize {
        let negative = self.negative.as_ref();
        let negative = negative.map_or(0, |chunks| size_of::<Chunks>() + chunks.allocated());
        self.positive.allocated() + negative
    }
}

/// Of samples that did not come by a histogram, as in tests. What a histogram refuses is left out.
impl FromIterator<f64> for Buckets {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        let mut buckets = Self::default();
        let accepted = samples.into_iter().filter_map(|value| accept(value).ok());
        accepted.for_each(|value| buckets.add(value, 1));
        buckets
    }
}

/// The same count, sum, minimum and maximum, and as many samples in each bucket.
impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        let totals = |of: &Self| (of.count(), of.sum(), of.min(), of.max());
        totals(self) == totals(other) && self.iter().eq(other.iter())
    }
}
