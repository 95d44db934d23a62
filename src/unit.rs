//! `metrics::Unit` to CloudWatch's `StandardUnit`, and the exact scale where it has no such unit.

use aws_sdk_cloudwatch::types::StandardUnit;
use metrics::Unit;

/// Each of CloudWatch's units, once for all data.
static STANDARD: [StandardUnit; 27] = [
    StandardUnit::Bits,
    StandardUnit::BitsSecond,
    StandardUnit::Bytes,
    StandardUnit::BytesSecond,
    StandardUnit::Count,
    StandardUnit::CountSecond,
    StandardUnit::Gigabits,
    StandardUnit::GigabitsSecond,
    StandardUnit::Gigabytes,
    StandardUnit::GigabytesSecond,
    StandardUnit::Kilobits,
    StandardUnit::KilobitsSecond,
    StandardUnit::Kilobytes,
    StandardUnit::KilobytesSecond,
    StandardUnit::Megabits,
    StandardUnit::MegabitsSecond,
    StandardUnit::Megabytes,
    StandardUnit::MegabytesSecond,
    StandardUnit::Microseconds,
    StandardUnit::Milliseconds,
    StandardUnit::None,
    StandardUnit::Percent,
    StandardUnit::Seconds,
    StandardUnit::Terabits,
    StandardUnit::TerabitsSecond,
    StandardUnit::Terabytes,
    StandardUnit::TerabytesSecond,
];

/// The one that all data of this unit share; none if CloudWatch has no such unit.
pub(crate) fn shared(unit: &StandardUnit) -> Option<&'static StandardUnit> {
    STANDARD.iter().find(|known| *known == unit)
}

/// A unit of CloudWatch's, and how to get there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaled {
    pub(crate) unit: StandardUnit,
    pub(crate) scale: Scale,
}

/// Powers of two multiply exactly; a thousandth is no float, so a thousand divides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    One,
    Times(f64),
    DividedBy(f64),
}

impl Scale {
    pub(crate) fn apply(self, value: f64) -> f64 {
        match self {
            Self::One => value,
            Self::Times(factor) => value * factor,
            Self::DividedBy(divisor) => value / divisor,
        }
    }
}

const KIB: f64 = 1024.0;

pub(crate) fn standard(unit: Unit) -> Scaled {
    let as_is = |unit| Scaled {
        unit,
        scale: Scale::One,
    };
    let bytes = |factor| Scaled {
        unit: StandardUnit::Bytes,
        scale: Scale::Times(factor),
    };
    match unit {
        Unit::Count => as_is(StandardUnit::Count),
        Unit::Percent => as_is(StandardUnit::Percent),
        Unit::Seconds => as_is(StandardUnit::Seconds),
        Unit::Milliseconds => as_is(StandardUnit::Milliseconds),
        Unit::Microseconds => as_is(StandardUnit::Microseconds),
        Unit::Nanoseconds => Scaled {
            unit: StandardUnit::Microseconds,
            scale: Scale::DividedBy(1000.0),
        },
        // CloudWatch's Kilobytes and so on are powers of a thousand.
        Unit::Tebibytes => bytes(KIB * KIB * KIB * KIB),
        Unit::Gibibytes => bytes(KIB * KIB * KIB),
        Unit::Mebibytes => bytes(KIB * KIB),
        Unit::Kibibytes => bytes(KIB),
        Unit::Bytes => as_is(StandardUnit::Bytes),
        Unit::TerabitsPerSecond => as_is(StandardUnit::TerabitsSecond),
        Unit::GigabitsPerSecond => as_is(StandardUnit::GigabitsSecond),
        Unit::MegabitsPerSecond => as_is(StandardUnit::MegabitsSecond),
        Unit::KilobitsPerSecond => as_is(StandardUnit::KilobitsSecond),
        Unit::BitsPerSecond => as_is(StandardUnit::BitsSecond),
        Unit::CountPerSecond => as_is(StandardUnit::CountSecond),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_shared() {
        for name in StandardUnit::values() {
            let unit = StandardUnit::from(*name);
            assert_eq!(shared(&unit), Some(&unit));
        }
        assert_eq!(shared(&StandardUnit::from("Parsecs")), None);
    }

    #[test]
    fn units_without_a_counterpart_are_scaled_exactly() {
        for (unit, value, standard_unit, scaled) in [
            (Unit::Nanoseconds, 1.0, StandardUnit::Microseconds, 0.001),
            (Unit::Nanoseconds, 3.0, StandardUnit::Microseconds, 0.003),
            (Unit::Kibibytes, 3.0, StandardUnit::Bytes, 3_072.0),
            (Unit::Mebibytes, 1.5, StandardUnit::Bytes, 1_572_864.0),
            (Unit::Gibibytes, 1.0, StandardUnit::Bytes, 1_073_741_824.0),
            (
                Unit::Tebibytes,
                1.0,
                StandardUnit::Bytes,
                1_099_511_627_776.0,
            ),
            (Unit::Seconds, 0.1, StandardUnit::Seconds, 0.1),
            (
                Unit::GigabitsPerSecond,
                2.0,
                StandardUnit::GigabitsSecond,
                2.0,
            ),
            (Unit::CountPerSecond, 2.0, StandardUnit::CountSecond, 2.0),
        ] {
            let standard = standard(unit);
            assert_eq!(standard.unit, standard_unit, "{unit:?}");
            assert_eq!(standard.scale.apply(value), scaled, "{unit:?}");
        }
    }
}
