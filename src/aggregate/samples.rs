//! The samples of one lane until a drain takes them, in plain memory.

use super::bucket::{self, Bucket};
use super::lane::Batch;
use super::point::{HistogramPoint, Totals};
use super::refused::RefusedPoint;
use super::tally::Tally;
use crate::limits::{self, MAX_VALUE, MIN_MAGNITUDE, ValueFault};

#[derive(Debug)]
pub(crate) struct Samples {
    totals: Totals,
    zeros: u64,
    positive: Tally,
    negative: Option<Box<Tally>>,
    refused: [u64; ValueFault::ALL.len()],
}

impl Batch for Samples {
    /// Quick for those that are positive, as most are.
    #[inline]
    fn add_all(&mut self, values: impl Iterator<Item = u64>) {
        // Two sums in turn, as each addition has to wait for the one before.
        let (mut totals, mut others) = (self.totals, Totals::NONE);
        for bits in values {
            let value = f64::from_bits(bits);
            // Positive floats are ordered as their bits are.
            if (MIN_MAGNITUDE.to_bits()..=MAX_VALUE.to_bits()).contains(&bits) {
                totals.include(value, 1.0);
                self.positive.add(bucket::index(value), 1);
                std::mem::swap(&mut totals, &mut others);
            } else {
                self.totals = Totals::NONE;
                self.add(value, 1);
                totals.merge(&self.totals);
            }
        }
        totals.merge(&others);
        self.totals = totals;
    }
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self {
            totals: Totals::NONE,
            zeros: 0,
            positive: Tally::new(),
            negative: None,
            refused: [0; ValueFault::ALL.len()],
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, value: f64, samples: u64) {
        let value = match limits::check_value(value) {
            Ok(value) => value,
            Err(fault) => {
                let refused = &mut self.refused[fault as usize];
                *refused = refused.saturating_add(samples);
                return;
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "a sum is a float")]
        self.totals.include(value, samples as f64);
        if value > 0.0 {
            self.positive.add(bucket::index(value), samples);
        } else if value < 0.0 {
            let negative = self.negative.get_or_insert_with(|| Box::new(Tally::new()));
            negative.add(bucket::index(-value), samples);
        } else {
            self.zeros = self.zeros.saturating_add(samples);
        }
    }

    /// Moves the samples to `point`; adds what was refused.
    pub(crate) fn take(&mut self, point: &mut HistogramPoint, refused: &mut RefusedPoint) {
        for ((_, total), samples) in refused.iter_mut().zip(&mut self.refused) {
            *total = total.saturating_add(std::mem::take(samples));
        }
        if self.totals.range.is_empty() {
            return;
        }
        let totals = std::mem::replace(&mut self.totals, Totals::NONE);
        point.merge(&totals, |buckets| {
            if let Some(negative) = &mut self.negative {
                negative.take(|index, count| buckets.push(Bucket::negative(index, count)));
                buckets.reverse();
            }
            let zeros = std::mem::take(&mut self.zeros);
            if zeros > 0 {
                buckets.push(Bucket::zero(zeros));
            }
            self.positive
                .take(|index, count| buckets.push(Bucket::positive(index, count)));
        });
    }

    /// Frees the memory of samples, if there are none.
    pub(crate) fn give_back(&mut self) {
        if self.totals.range.is_empty() {
            self.positive = Tally::new();
            self.negative = None;
        }
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        let negative = self.negative.as_ref();
        let negative = negative.map_or(0, |tally| size_of::<Tally>() + tally.allocated());
        self.positive.allocated() + negative
    }
}
