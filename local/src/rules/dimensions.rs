//! The dimensions of one metric.

use std::collections::BTreeSet;

use super::limits::MAX_DIMENSIONS;
use super::{Violations, text};
use crate::operation::dimensions::DimensionInput;
use crate::wire::place::Place;

pub(crate) fn check(dimensions: &[DimensionInput], place: &Place, violations: &mut Violations) {
    if dimensions.len() > MAX_DIMENSIONS {
        violations.too_many(place, MAX_DIMENSIONS);
        return;
    }
    let mut names = BTreeSet::new();
    for (index, dimension) in dimensions.iter().enumerate() {
        let place = place.item(index);
        let name_place = place.member("Name");
        text::dimension_name(dimension.name.as_deref(), &name_place, violations);
        text::dimension_value(
            dimension.value.as_deref(),
            &place.member("Value"),
            violations,
        );
        if let Some(name) = &dimension.name
            && !names.insert(name)
        {
            violations.invalid(
                &name_place,
                "must not be the name of another dimension as well",
            );
        }
    }
}
