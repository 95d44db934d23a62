//! The exact scale where CloudWatch has no such unit.

use crate::model::unit::Unit;

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

/// A unit that CloudWatch has, and how to get there.
pub(crate) fn scaled(unit: Unit) -> (Unit, Scale) {
    match unit {
        Unit::Nanoseconds => (Unit::Microseconds, Scale::DividedBy(1000.0)),
        // CloudWatch's Kilobytes and so on are powers of a thousand.
        Unit::Tebibytes => (Unit::Bytes, Scale::Times(KIB * KIB * KIB * KIB)),
        Unit::Gibibytes => (Unit::Bytes, Scale::Times(KIB * KIB * KIB)),
        Unit::Mebibytes => (Unit::Bytes, Scale::Times(KIB * KIB)),
        Unit::Kibibytes => (Unit::Bytes, Scale::Times(KIB)),
        unit => (unit, Scale::One),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_without_a_counterpart_are_scaled_exactly() {
        for (unit, value, expected) in [
            (Unit::Nanoseconds, 1.0, (Unit::Microseconds, 0.001)),
            (Unit::Nanoseconds, 3.0, (Unit::Microseconds, 0.003)),
            (Unit::Kibibytes, 3.0, (Unit::Bytes, 3_072.0)),
            (Unit::Mebibytes, 1.5, (Unit::Bytes, 1_572_864.0)),
            (Unit::Gibibytes, 1.0, (Unit::Bytes, 1_073_741_824.0)),
            (Unit::Tebibytes, 1.0, (Unit::Bytes, 1_099_511_627_776.0)),
            (Unit::Seconds, 0.1, (Unit::Seconds, 0.1)),
            (Unit::GigabitsPerSecond, 2.0, (Unit::GigabitsPerSecond, 2.0)),
            (Unit::CountPerSecond, 2.0, (Unit::CountPerSecond, 2.0)),
        ] {
            let (known, scale) = scaled(unit);
            assert_eq!((known, scale.apply(value)), expected, "{unit:?}");
        }
    }
}
