//! Log-linear buckets, taken straight from a float's bits.
//!
//! A magnitude's exponent and the top seven bits of its mantissa are its bucket: 128 to an octave, each at most 1/128
//! wide relative to its lower bound.

use crate::refusal_reason::{MAX_MAGNITUDE, MIN_MAGNITUDE};

pub(crate) const BUCKETS_PER_OCTAVE: usize = 1 << MANTISSA_BITS;

const MANTISSA_BITS: u32 = 7;
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;
const FIRST: u64 = (MIN_MAGNITUDE.to_bits() >> (f64::MANTISSA_DIGITS - 1)) << MANTISSA_BITS;

/// The cell of a magnitude that is not zero and was accepted.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "92,159 at most")]
pub(crate) fn cell(magnitude: f64) -> usize {
    ((magnitude.to_bits() >> DROPPED_BITS) - FIRST) as usize
}

/// The lowest magnitude of a cell.
fn floor(cell: u64) -> f64 {
    f64::from_bits((FIRST + cell) << DROPPED_BITS)
}

/// A range of values, and how many samples are in it.
///
/// Bounds are at most 1/128 apart, relative to the bound nearer to zero. Integers up to 256 are the lower bounds of
/// buckets of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// Zero is 0, positive values come after it and negative ones before it. Neighbours have neighbouring numbers,
    /// the same in all [`Buckets`](crate::Buckets): from -92,033 to 92,033.
    pub index: i32,
    /// How many samples are in it; above zero. Beyond 2^64 - 1 it stays there.
    pub count: u64,
}

impl Bucket {
    pub(crate) fn zero(count: u64) -> Self {
        Self { index: 0, count }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "92,159 at most"
    )]
    pub(crate) fn positive(cell: usize, count: u64) -> Self {
        Self {
            index: cell as i32 + 1,
            count,
        }
    }

    pub(crate) fn negative(cell: usize, count: u64) -> Self {
        Self {
            index: -Self::positive(cell, count).index,
            count,
        }
    }

    /// The bucket of one value that was accepted.
    pub(crate) fn of(value: f64) -> Self {
        if value > 0.0 {
            Self::positive(cell(value), 1)
        } else if value < 0.0 {
            Self::negative(cell(-value), 1)
        } else {
            Self::zero(1)
        }
    }

    /// The cell of an index, if a bucket has it; zero has none.
    pub(crate) fn cell_of(index: i32) -> Option<usize> {
        let cell = (index.unsigned_abs() as usize).checked_sub(1);
        cell.filter(|at| *at <= self::cell(MAX_MAGNITUDE))
    }

    /// The bounds that its samples lie within, the lower one first. The bound nearer to zero is included, the other
    /// is not. Both are 0 for the bucket of zeros.
    pub fn bounds(self) -> (f64, f64) {
        let Some(cell) = u64::from(self.index.unsigned_abs()).checked_sub(1) else {
            return (0.0, 0.0);
        };
        let (near, far) = (floor(cell), floor(cell + 1));
        if self.index > 0 {
            (near, far)
        } else {
            (-far, -near)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_its_bucket() {
        let magnitudes = [1e-30, 0.1, 1.0, 1.5, 255.0, 1e6, 1e100];
        for magnitude in magnitudes.into_iter().chain([MIN_MAGNITUDE, MAX_MAGNITUDE]) {
            let (low, high) = Bucket::positive(cell(magnitude), 1).bounds();
            assert!(low <= magnitude && magnitude < high, "{magnitude:e}");
            assert!((high - low) / low <= 1.0 / 128.0, "{magnitude:e}");
            let (low, high) = Bucket::negative(cell(magnitude), 1).bounds();
            assert!(low < -magnitude && -magnitude <= high, "{magnitude:e}");
        }
        assert_eq!(cell(MIN_MAGNITUDE), 0);
        assert!(Bucket::positive(cell(MAX_MAGNITUDE), 1).index <= 92_160);
    }

    #[test]
    fn integers_up_to_256_have_a_bucket_each() {
        for integer in 1..=256 {
            let (low, _) = Bucket::positive(cell(f64::from(integer)), 1).bounds();
            assert_eq!(low, f64::from(integer));
        }
    }
}
