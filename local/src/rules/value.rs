//! The value of a datum: exactly one of its three forms, each with rules of its own.

use super::Violations;
use super::limits::{MAX_VALUES, SUM_ROUNDING};
use super::number::{self, Shown};
use crate::operation::put_metric_data::{DatumInput, StatisticInput};
use crate::received::ReceivedValue;
use crate::wire::place::Place;

/// The value, if there were no violations; otherwise it is not to be used.
pub(crate) fn check(datum: &DatumInput, violations: &mut Violations) -> Option<ReceivedValue> {
    let [value, statistic, values, counts] =
        ["Value", "StatisticValues", "Values", "Counts"].map(|name| datum.place.member(name));

    let given = [
        datum.value.is_some(),
        datum.statistic.is_some(),
        datum.values.is_some(),
    ];
    let given: Vec<_> = [&value, &statistic, &values]
        .into_iter()
        .zip(given)
        .filter(|(_, given)| *given)
        .collect();
    match given.as_slice() {
        [] if datum.counts.is_none() => violations.add(
            crate::wire::error::MISSING,
            format!("At least one of the parameters {value}, {statistic} and {values} must be specified."),
        ),
        [(first, _), (second, _), ..] => violations.exclusive(first, second),
        _ => {}
    }
    if datum.counts.is_some() && datum.values.is_none() {
        violations.missing(&values);
    }

    if let Some(single) = datum.value {
        number::check(single, &value, violations);
        return Some(ReceivedValue::Single(single));
    }
    if let Some(set) = &datum.statistic {
        return statistic_set(set, &statistic, violations);
    }
    let found = datum.values.as_deref()?;
    distribution(found, datum.counts.as_deref(), &values, &counts, violations);
    let ones = || vec![1.0; found.len()];
    Some(ReceivedValue::Distribution {
        values: found.to_vec(),
        counts: datum.counts.clone().unwrap_or_else(ones),
    })
}

fn statistic_set(
    set: &StatisticInput,
    place: &Place,
    violations: &mut Violations,
) -> Option<ReceivedValue> {
    let members = [
        ("SampleCount", set.sample_count),
        ("Sum", set.sum),
        ("Minimum", set.minimum),
        ("Maximum", set.maximum),
    ];
    let mut storable = true;
    for (name, found) in members {
        let place = place.member(name);
        match found {
            Some(found) => storable &= number::check(found, &place, violations),
            None => violations.missing(&place),
        }
    }
    let (sample_count, sum) = (set.sample_count?, set.sum?);
    let (minimum, maximum) = (set.minimum?, set.maximum?);
    // What follows compares, and numbers out of range have been reported.
    if !storable {
        return None;
    }
    if sample_count <= 0.0 {
        violations.invalid(&place.member("SampleCount"), "must be greater than 0");
    } else if minimum > maximum {
        let minimum = place.member("Minimum");
        violations.invalid(
            &place.member("Maximum"),
            format_args!("must be greater than {minimum}"),
        );
    } else {
        let (least, most) = (sample_count * minimum, sample_count * maximum);
        let rounding = SUM_ROUNDING * least.abs().max(most.abs());
        if sum < least - rounding || sum > most + rounding {
            violations.invalid(
                &place.member("Sum"),
                format_args!(
                    "must be between {} and {}, the sample count times the minimum and the maximum",
                    Shown(least),
                    Shown(most)
                ),
            );
        }
    }
    Some(ReceivedValue::Statistic {
        sample_count,
        sum,
        minimum,
        maximum,
    })
}

fn distribution(
    found: &[f64],
    counts: Option<&[f64]>,
    place: &Place,
    counts_place: &Place,
    violations: &mut Violations,
) {
    if found.is_empty() {
        violations.invalid(place, "must not be empty");
    }
    if found.len() > MAX_VALUES {
        violations.too_many(place, MAX_VALUES);
        return;
    }
    for (index, value) in found.iter().enumerate() {
        number::check(*value, &place.item(index), violations);
    }
    distinct(found, place, violations);

    let Some(counts) = counts else { return };
    if counts.len() != found.len() {
        violations.add(
            crate::wire::error::INVALID_VALUE,
            format!("The parameters {place} and {counts_place} must be of the same size."),
        );
        return;
    }
    for (index, count) in counts.iter().enumerate() {
        let place = counts_place.item(index);
        if number::check(*count, &place, violations) && *count <= 0.0 {
            violations.invalid(&place, "must be greater than 0");
        }
    }
}

fn distinct(found: &[f64], place: &Place, violations: &mut Violations) {
    let mut sorted = found.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::float_cmp,
        reason = "the same value is the same value, and -0 is 0"
    )]
    let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]);
    if let Some(pair) = twice {
        violations.invalid(
            place,
            format_args!(
                "must not contain the value {} more than once",
                Shown(pair[0])
            ),
        );
    }
}
