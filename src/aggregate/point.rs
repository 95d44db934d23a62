//! What a histogram has to say of a window, put together from all that recorded it.

use super::bucket::Bucket;
use super::float::{Compensated, Range};
use std::cmp::Ordering;

/// The samples of a window: whole records only, so that all of it fits together.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistogramPoint {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    /// The buckets that are not empty, by rising value.
    pub(crate) buckets: Vec<Bucket>,
    totals: Totals,
    /// Memory for merging.
    spare: [Vec<Bucket>; 2],
}

/// What there is beside the buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) sum: Compensated,
    pub(crate) range: Range,
}

impl Totals {
    pub(crate) const NONE: Self = Self {
        sum: Compensated::ZERO,
        range: Range::NONE,
    };

    #[inline]
    pub(crate) fn include(&mut self, value: f64, samples: f64) {
        self.sum.add(value * samples);
        self.range.include(value);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum.merge(other.sum);
        self.range.merge(other.range);
    }
}

impl Default for Totals {
    fn default() -> Self {
        Self::NONE
    }
}

impl HistogramPoint {
    /// Empties it; its memory is used again.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.sum = 0.0;
        self.totals = Totals::NONE;
        (self.minimum, self.maximum) = (0.0, 0.0);
        self.buckets.clear();
    }

    /// Adds samples, whose buckets `fill` gives by rising value.
    pub(crate) fn merge(&mut self, totals: &Totals, fill: impl FnOnce(&mut Vec<Bucket>)) {
        self.totals.merge(totals);
        self.sum = self.totals.sum.total();
        let range = self.totals.range;
        (self.minimum, self.maximum) = (range.minimum, range.maximum);
        if self.buckets.is_empty() {
            fill(&mut self.buckets);
        } else {
            let [more, merged] = &mut self.spare;
            more.clear();
            fill(more);
            merge(&self.buckets, more, merged);
            std::mem::swap(&mut self.buckets, merged);
        }
        let counts = self.buckets.iter().map(|bucket| bucket.count);
        self.count = counts.fold(0, u64::saturating_add);
    }
}

fn merge(mut a: &[Bucket], mut b: &[Bucket], merged: &mut Vec<Bucket>) {
    merged.clear();
    while let ([first, rest_of_a @ ..], [second, rest_of_b @ ..]) = (a, b) {
        let order = first.place.cmp(&second.place);
        if order != Ordering::Greater {
            a = rest_of_a;
        }
        if order != Ordering::Less {
            b = rest_of_b;
        }
        merged.push(match order {
            Ordering::Less => *first,
            Ordering::Greater => *second,
            Ordering::Equal => Bucket {
                place: first.place,
                count: first.count.saturating_add(second.count),
            },
        });
    }
    merged.extend_from_slice(a);
    merged.extend_from_slice(b);
}
