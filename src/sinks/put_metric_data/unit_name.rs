//! CloudWatch's units, by the names that it has for them.

use crate::model::unit::Unit;

/// What `PutMetricData` calls a unit; none if CloudWatch has no such unit.
pub(crate) fn name(unit: Unit) -> Option<&'static str> {
    Some(match unit {
        Unit::Seconds => "Seconds",
        Unit::Milliseconds => "Milliseconds",
        Unit::Microseconds => "Microseconds",
        Unit::Bytes => "Bytes",
        Unit::Kilobytes => "Kilobytes",
        Unit::Megabytes => "Megabytes",
        Unit::Gigabytes => "Gigabytes",
        Unit::Terabytes => "Terabytes",
        Unit::Bits => "Bits",
        Unit::Kilobits => "Kilobits",
        Unit::Megabits => "Megabits",
        Unit::Gigabits => "Gigabits",
        Unit::Terabits => "Terabits",
        Unit::Percent => "Percent",
        Unit::Count => "Count",
        Unit::BytesPerSecond => "Bytes/Second",
        Unit::KilobytesPerSecond => "Kilobytes/Second",
        Unit::MegabytesPerSecond => "Megabytes/Second",
        Unit::GigabytesPerSecond => "Gigabytes/Second",
        Unit::TerabytesPerSecond => "Terabytes/Second",
        Unit::BitsPerSecond => "Bits/Second",
        Unit::KilobitsPerSecond => "Kilobits/Second",
        Unit::MegabitsPerSecond => "Megabits/Second",
        Unit::GigabitsPerSecond => "Gigabits/Second",
        Unit::TerabitsPerSecond => "Terabits/Second",
        Unit::CountPerSecond => "Count/Second",
        Unit::Nanoseconds
        | Unit::Kibibytes
        | Unit::Mebibytes
        | Unit::Gibibytes
        | Unit::Tebibytes => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit_scale::scaled;
    use aws_sdk_cloudwatch::types::StandardUnit;
    use std::collections::BTreeSet;

    #[test]
    fn all_units_of_the_service_are_there_once() {
        let names = Unit::ALL.into_iter().filter_map(name);
        let ours: BTreeSet<&str> = names.chain(["None"]).collect();
        let theirs: BTreeSet<&str> = StandardUnit::values().iter().copied().collect();
        assert_eq!(ours, theirs);
        assert_eq!(
            Unit::ALL.into_iter().filter_map(name).count() + 1,
            theirs.len()
        );
    }

    #[test]
    fn what_is_scaled_has_a_name() {
        assert!(
            Unit::ALL
                .into_iter()
                .all(|unit| name(scaled(unit).0).is_some())
        );
    }
}
