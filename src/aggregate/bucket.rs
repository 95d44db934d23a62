//! Log-linear buckets, taken straight from a float's bits.
//!
//! A magnitude's exponent and the top seven bits of its mantissa are its bucket: 128 to an octave,
//! each at most 1/128 wide relative to its lower bound.

use crate::limits::{self, MIN_MAGNITUDE};

pub(crate) const BUCKETS_PER_OCTAVE: usize = 1 << MANTISSA_BITS;
/// From the octave of [`MIN_MAGNITUDE`] to that of [`limits::MAX_VALUE`], both included.
#[expect(clippy::cast_possible_truncation, reason = "an exponent has 11 bits")]
pub(crate) const OCTAVES: usize =
    (exponent(limits::MAX_VALUE) - exponent(MIN_MAGNITUDE)) as usize + 1;

const MANTISSA_BITS: u32 = 7;
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;
const FIRST: u64 = exponent(MIN_MAGNITUDE) << MANTISSA_BITS;

const fn exponent(magnitude: f64) -> u64 {
    magnitude.to_bits() >> (f64::MANTISSA_DIGITS - 1)
}

/// The bucket of a magnitude that is not zero and within the service's range.
#[expect(clippy::cast_possible_truncation, reason = "92,159 at most")]
pub(crate) fn index(magnitude: f64) -> usize {
    ((magnitude.to_bits() >> DROPPED_BITS) - FIRST) as usize
}

/// The lowest magnitude of a bucket.
fn floor(index: u64) -> f64 {
    f64::from_bits((FIRST + index) << DROPPED_BITS)
}

/// A bucket of values, and the samples in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Zero is at 0, positive values come after it and negative ones before it; buckets that are
    /// neighbours have numbers that are.
    pub(crate) place: i32,
    pub(crate) count: u64,
}

impl Bucket {
    pub(crate) fn zero(count: u64) -> Self {
        Self { place: 0, count }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "92,159 at most"
    )]
    pub(crate) fn positive(index: usize, count: u64) -> Self {
        Self {
            place: index as i32 + 1,
            count,
        }
    }

    pub(crate) fn negative(index: usize, count: u64) -> Self {
        Self {
            place: -Self::positive(index, count).place,
            count,
        }
    }

    /// The bounds that its samples lie within.
    pub(crate) fn bounds(self) -> (f64, f64) {
        let Some(index) = u64::from(self.place.unsigned_abs()).checked_sub(1) else {
            return (0.0, 0.0);
        };
        let (near, far) = (floor(index), floor(index + 1));
        if self.place > 0 {
            (near, far)
        } else {
            (-far, -near)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_VALUE;

    #[test]
    fn every_value_lies_within_its_bucket() {
        for magnitude in [
            MIN_MAGNITUDE,
            1e-30,
            0.1,
            1.0,
            1.5,
            255.0,
            1e6,
            1e100,
            MAX_VALUE,
        ] {
            let (low, high) = Bucket::positive(index(magnitude), 1).bounds();
            assert!(low <= magnitude && magnitude < high, "{magnitude:e}");
            assert!((high - low) / low <= 1.0 / 128.0, "{magnitude:e}");
            let (low, high) = Bucket::negative(index(magnitude), 1).bounds();
            assert!(low < -magnitude && -magnitude <= high, "{magnitude:e}");
        }
        assert_eq!(index(MAX_VALUE) / BUCKETS_PER_OCTAVE, OCTAVES - 1);
        assert_eq!(index(MIN_MAGNITUDE), 0);
    }

    #[test]
    fn integers_up_to_256_have_a_bucket_each() {
        for integer in 1..=256 {
            let (low, _) = Bucket::positive(index(f64::from(integer)), 1).bounds();
            assert_eq!(low, f64::from(integer));
        }
    }
}
