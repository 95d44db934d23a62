//! What CloudWatch accepts, each limit with its source.
//!
//! Sources: `[API]` the `PutMetricData`, `Datum`, `Dimension` and `StatisticSet` pages of the
//! CloudWatch API reference; `[quotas]` the "CloudWatch service quotas" page of its user guide.

use std::time::{Duration, SystemTime};

/// Data in one request, `MetricData` and `EntityMetricData` together. `[API PutMetricData]`
pub const MAX_DATA_PER_REQUEST: usize = 1_000;
/// Bytes in one request. The reference says "1 MB" and leaves open whether that is before or after
/// compression; we take the smaller reading of both. `[quotas]`
pub const MAX_REQUEST_BYTES: usize = 1_000_000;
/// Distinct values in one datum. `[API Datum]`
pub const MAX_VALUES_PER_DATUM: usize = 150;
/// Dimensions of one metric. `[API Datum]`
pub const MAX_DIMENSIONS: usize = 30;
/// Characters of a namespace. `[API PutMetricData]`
pub const MAX_NAMESPACE_CHARS: usize = 255;
/// Characters of a metric's name. Which characters they may be is said nowhere. `[API Datum]`
pub const MAX_METRIC_NAME_CHARS: usize = 255;
/// Characters of a dimension's name. `[API Dimension]`
pub const MAX_DIMENSION_NAME_CHARS: usize = 255;
/// Characters of a dimension's value. `[API Dimension]`
pub const MAX_DIMENSION_VALUE_CHARS: usize = 1_024;
/// The greatest magnitude of a value, 2^360. `[API Datum]`
pub const MAX_VALUE: f64 = f64::from_bits((1_023 + 360) << 52);
/// The least magnitude of a value that is not zero. Older editions of the reference reject what is
/// smaller; it is sent as zero. `[API Datum, older editions]`
pub const MIN_MAGNITUDE: f64 = 8.515_92e-109;

/// How old a datum may be, two weeks. `[API Datum]`
pub const MAX_AGE: Duration = Duration::from_hours(14 * 24);
/// How far ahead of the service's clock a datum may be. `[API Datum]`
pub const MAX_AHEAD: Duration = Duration::from_hours(2);

/// What is wrong with a name, a namespace or a dimension's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// It has no characters.
    #[error("is empty")]
    Empty,
    /// It has nothing but spaces.
    #[error("is blank")]
    Blank,
    /// It has more characters than the sink takes.
    #[error("has {chars} characters, more than {limit}")]
    TooLong {
        /// Its characters.
        chars: usize,
        /// The sink's limit.
        limit: usize,
    },
    /// It has a character that is not ASCII.
    #[error("has a character that is not ASCII")]
    NotAscii,
    /// It has a control character.
    #[error("has a control character")]
    ControlCharacter,
    /// It has a character that is not among [those the sink takes](crate::Characters::AlphanumericAnd).
    #[error("has the character {0:?}")]
    Character(char),
    /// It starts with a colon.
    #[error("starts with a colon")]
    LeadingColon,
    /// It starts with `AWS/`, which is reserved for AWS services.
    #[error("starts with the reserved prefix AWS/")]
    Reserved,
}

/// What is wrong with a recorded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ValueFault {
    /// It is NaN.
    #[error("is not a number")]
    NotANumber,
    /// It is infinite.
    #[error("is infinite")]
    Infinite,
    /// It is beyond ±2^360.
    #[error("is beyond ±2^360")]
    OutOfRange,
}

/// What is wrong with a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampFault {
    /// It is more than two weeks back.
    #[error("is more than two weeks back")]
    TooOld,
    /// It is more than two hours ahead.
    #[error("is more than two hours ahead")]
    TooFarAhead,
}

pub(crate) fn check_timestamp(
    timestamp: SystemTime,
    now: SystemTime,
) -> Result<(), TimestampFault> {
    match now.duration_since(timestamp) {
        Ok(age) if age > MAX_AGE => Err(TimestampFault::TooOld),
        Err(ahead) if ahead.duration() > MAX_AHEAD => Err(TimestampFault::TooFarAhead),
        _ => Ok(()),
    }
}

/// The value to send for `value`: itself, or zero where it is too small to be told from it.
pub(crate) fn check_value(value: f64) -> Result<f64, ValueFault> {
    let magnitude = value.abs();
    if magnitude <= MAX_VALUE {
        return Ok(if magnitude < MIN_MAGNITUDE {
            0.0
        } else {
            value
        });
    }
    Err(if value.is_nan() {
        ValueFault::NotANumber
    } else if value.is_infinite() {
        ValueFault::Infinite
    } else {
        ValueFault::OutOfRange
    })
}

pub(crate) fn check_namespace(namespace: &str) -> Result<(), TextFault> {
    check_len(namespace, MAX_NAMESPACE_CHARS)?;
    check_characters(namespace)?;
    if namespace.starts_with(':') {
        return Err(TextFault::LeadingColon);
    }
    if namespace.starts_with("AWS/") {
        return Err(TextFault::Reserved);
    }
    Ok(())
}

/// The characters that CloudWatch takes in a namespace and in the names and values of dimensions.
/// `[API PutMetricData, Dimension]`
pub(crate) fn check_characters(text: &str) -> Result<(), TextFault> {
    if !text.is_ascii() {
        return Err(TextFault::NotAscii);
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(TextFault::ControlCharacter);
    }
    if text.bytes().all(|byte| byte == b' ') {
        return Err(TextFault::Blank);
    }
    Ok(())
}

/// From one character to so many.
pub(crate) fn check_len(text: &str, limit: usize) -> Result<(), TextFault> {
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    // A byte is a character at most, so that a text that is short enough is not counted through.
    if text.len() > limit {
        let chars = text.chars().count();
        if chars > limit {
            return Err(TextFault::TooLong { chars, limit });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_values_is_the_services() {
        assert_eq!(MAX_VALUE, 2f64.powi(360));
        assert_eq!(check_value(MAX_VALUE), Ok(MAX_VALUE));
        assert_eq!(check_value(-MAX_VALUE), Ok(-MAX_VALUE));
        assert_eq!(
            check_value(MAX_VALUE.next_up()),
            Err(ValueFault::OutOfRange)
        );
        assert_eq!(
            check_value((-MAX_VALUE).next_down()),
            Err(ValueFault::OutOfRange)
        );
        assert_eq!(check_value(f64::NAN), Err(ValueFault::NotANumber));
        assert_eq!(check_value(f64::INFINITY), Err(ValueFault::Infinite));
        assert_eq!(check_value(f64::NEG_INFINITY), Err(ValueFault::Infinite));
    }

    #[test]
    fn what_is_too_small_is_zero() {
        assert_eq!(check_value(MIN_MAGNITUDE), Ok(MIN_MAGNITUDE));
        assert_eq!(check_value(-MIN_MAGNITUDE), Ok(-MIN_MAGNITUDE));
        for tiny in [
            MIN_MAGNITUDE.next_down(),
            f64::MIN_POSITIVE,
            5e-324,
            -5e-324,
            -0.0,
        ] {
            assert_eq!(check_value(tiny).map(f64::to_bits), Ok(0), "{tiny:e}");
        }
    }

    #[test]
    fn a_datum_may_be_two_weeks_old_or_two_hours_ahead() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 50);
        let second = Duration::from_secs(1);
        for (timestamp, checked) in [
            (now - MAX_AGE, Ok(())),
            (now - MAX_AGE - second, Err(TimestampFault::TooOld)),
            (now + MAX_AHEAD, Ok(())),
            (now + MAX_AHEAD + second, Err(TimestampFault::TooFarAhead)),
        ] {
            assert_eq!(check_timestamp(timestamp, now), checked);
        }
    }
}
