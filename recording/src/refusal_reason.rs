//! What recording refuses, and why. Change [`accept`] to refuse other values.

use std::fmt;

/// The greatest magnitude that is recorded: 2^360, CloudWatch's limit. A greater value could not be taken out of a sum
/// again.
pub(crate) const MAX_MAGNITUDE: f64 = f64::from_bits((1_023 + 360) << 52);
/// Smaller magnitudes are recorded as zero. It is CloudWatch's limit, too.
pub(crate) const MIN_MAGNITUDE: f64 = 8.515_92e-109;

/// Why a sample is in no [`Point`](crate::Point).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The value is NaN.
    NotANumber,
    /// The value is infinite.
    Infinite,
    /// The value is beyond ±2^360.
    OutOfRange,
    /// The metric has as many series as its policy allows. Updates of gauges and totals of counters are refused then, as
    /// they would mean nothing in a sum.
    SeriesLimit,
    /// There are as many metrics as the [policy](crate::RecordingPolicy::max_names) allows, and this is not one of them.
    NameLimit,
}

impl RefusalReason {
    /// Those that are about a value.
    pub(crate) const OF_VALUES: [Self; 3] = [Self::NotANumber, Self::Infinite, Self::OutOfRange];
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "the value is not a number",
            Self::Infinite => "the value is infinite",
            Self::OutOfRange => "the value is beyond ±2^360",
            Self::SeriesLimit => "the metric has too many series",
            Self::NameLimit => "there are too many metrics",
        })
    }
}

/// The value to record for `value`: itself, or zero if its magnitude is too small.
pub(crate) fn accept(value: f64) -> Result<f64, RefusalReason> {
    let magnitude = value.abs();
    if magnitude <= MAX_MAGNITUDE {
        return Ok(if magnitude < MIN_MAGNITUDE {
            0.0
        } else {
            value
        });
    }
    Err(if value.is_nan() {
        RefusalReason::NotANumber
    } else if value.is_infinite() {
        RefusalReason::Infinite
    } else {
        RefusalReason::OutOfRange
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_ends_at_2_to_the_360() {
        assert_eq!(MAX_MAGNITUDE, 2f64.powi(360));
        for (value, accepted) in [
            (MAX_MAGNITUDE, Ok(MAX_MAGNITUDE)),
            (-MAX_MAGNITUDE, Ok(-MAX_MAGNITUDE)),
            (MAX_MAGNITUDE.next_up(), Err(RefusalReason::OutOfRange)),
            ((-MAX_MAGNITUDE).next_down(), Err(RefusalReason::OutOfRange)),
            (f64::NAN, Err(RefusalReason::NotANumber)),
            (f64::INFINITY, Err(RefusalReason::Infinite)),
            (f64::NEG_INFINITY, Err(RefusalReason::Infinite)),
            (MIN_MAGNITUDE, Ok(MIN_MAGNITUDE)),
            (-MIN_MAGNITUDE, Ok(-MIN_MAGNITUDE)),
        ] {
            assert_eq!(accept(value), accepted, "{value:e}");
        }
    }

    #[test]
    fn a_magnitude_that_is_too_small_is_zero() {
        let least = MIN_MAGNITUDE.next_down();
        for tiny in [least, -least, f64::MIN_POSITIVE, 5e-324, -5e-324, -0.0] {
            assert_eq!(accept(tiny).map(f64::to_bits), Ok(0), "{tiny:e}");
        }
    }
}
