//! Units of measurement: the facade's, and those of a destination.

use metrics::Unit as FacadeUnit;

/// A unit of measurement.
///
/// Where a destination lacks one, the values are scaled exactly on their way: nanoseconds go to CloudWatch as
/// microseconds, and kibibytes as bytes.
///
/// ```
/// use metrics_exporter_cloudwatch::Unit;
///
/// assert_eq!(Unit::from(metrics::Unit::Kibibytes), Unit::Kibibytes);
/// assert_eq!(Unit::GigabytesPerSecond.as_str(), "gigabytes_per_second");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// 1,000 bytes.
    Kilobytes,
    /// 1,000^2 bytes.
    Megabytes,
    /// 1,000^3 bytes.
    Gigabytes,
    /// 1,000^4 bytes.
    Terabytes,
    /// 1,024 bytes.
    Kibibytes,
    /// 1,024^2 bytes.
    Mebibytes,
    /// 1,024^3 bytes.
    Gibibytes,
    /// 1,024^4 bytes.
    Tebibytes,
    /// Bits.
    Bits,
    /// 1,000 bits.
    Kilobits,
    /// 1,000^2 bits.
    Megabits,
    /// 1,000^3 bits.
    Gigabits,
    /// 1,000^4 bits.
    Terabits,
    /// Percent.
    Percent,
    /// Count.
    Count,
    /// Bytes per second.
    BytesPerSecond,
    /// Kilobytes per second.
    KilobytesPerSecond,
    /// Megabytes per second.
    MegabytesPerSecond,
    /// Gigabytes per second.
    GigabytesPerSecond,
    /// Terabytes per second.
    TerabytesPerSecond,
    /// Bits per second.
    BitsPerSecond,
    /// Kilobits per second.
    KilobitsPerSecond,
    /// Megabits per second.
    MegabitsPerSecond,
    /// Gigabits per second.
    GigabitsPerSecond,
    /// Terabits per second.
    TerabitsPerSecond,
    /// Count per second.
    CountPerSecond,
}

impl Unit {
    /// All of them.
    pub(crate) const ALL: [Self; 31] = [
        Self::Seconds,
        Self::Milliseconds,
        Self::Microseconds,
        Self::Nanoseconds,
        Self::Bytes,
        Self::Kilobytes,
        Self::Megabytes,
        Self::Gigabytes,
        Self::Terabytes,
        Self::Kibibytes,
        Self::Mebibytes,
        Self::Gibibytes,
        Self::Tebibytes,
        Self::Bits,
        Self::Kilobits,
        Self::Megabits,
        Self::Gigabits,
        Self::Terabits,
        Self::Percent,
        Self::Count,
        Self::BytesPerSecond,
        Self::KilobytesPerSecond,
        Self::MegabytesPerSecond,
        Self::GigabytesPerSecond,
        Self::TerabytesPerSecond,
        Self::BitsPerSecond,
        Self::KilobitsPerSecond,
        Self::MegabitsPerSecond,
        Self::GigabitsPerSecond,
        Self::TerabitsPerSecond,
        Self::CountPerSecond,
    ];

    /// Its name in small letters, as the facade writes its own.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Bytes => "bytes",
            Self::Kilobytes => "kilobytes",
            Self::Megabytes => "megabytes",
            Self::Gigabytes => "gigabytes",
            Self::Terabytes => "terabytes",
            Self::Kibibytes => "kibibytes",
            Self::Mebibytes => "mebibytes",
            Self::Gibibytes => "gibibytes",
            Self::Tebibytes => "tebibytes",
            Self::Bits => "bits",
            Self::Kilobits => "kilobits",
            Self::Megabits => "megabits",
            Self::Gigabits => "gigabits",
            Self::Terabits => "terabits",
            Self::Percent => "percent",
            Self::Count => "count",
            Self::BytesPerSecond => "bytes_per_second",
            Self::KilobytesPerSecond => "kilobytes_per_second",
            Self::MegabytesPerSecond => "megabytes_per_second",
            Self::GigabytesPerSecond => "gigabytes_per_second",
            Self::TerabytesPerSecond => "terabytes_per_second",
            Self::BitsPerSecond => "bits_per_second",
            Self::KilobitsPerSecond => "kilobits_per_second",
            Self::MegabitsPerSecond => "megabits_per_second",
            Self::GigabitsPerSecond => "gigabits_per_second",
            Self::TerabitsPerSecond => "terabits_per_second",
            Self::CountPerSecond => "count_per_second",
        }
    }
}

impl From<FacadeUnit> for Unit {
    fn from(unit: FacadeUnit) -> Self {
        match unit {
            FacadeUnit::Count => Self::Count,
            FacadeUnit::Percent => Self::Percent,
            FacadeUnit::Seconds => Self::Seconds,
            FacadeUnit::Milliseconds => Self::Milliseconds,
            FacadeUnit::Microseconds => Self::Microseconds,
            FacadeUnit::Nanoseconds => Self::Nanoseconds,
            FacadeUnit::Tebibytes => Self::Tebibytes,
            FacadeUnit::Gibibytes => Self::Gibibytes,
            FacadeUnit::Mebibytes => Self::Mebibytes,
            FacadeUnit::Kibibytes => Self::Kibibytes,
            FacadeUnit::Bytes => Self::Bytes,
            FacadeUnit::TerabitsPerSecond => Self::TerabitsPerSecond,
            FacadeUnit::GigabitsPerSecond => Self::GigabitsPerSecond,
            FacadeUnit::MegabitsPerSecond => Self::MegabitsPerSecond,
            FacadeUnit::KilobitsPerSecond => Self::KilobitsPerSecond,
            FacadeUnit::BitsPerSecond => Self::BitsPerSecond,
            FacadeUnit::CountPerSecond => Self::CountPerSecond,
        }
    }
}
