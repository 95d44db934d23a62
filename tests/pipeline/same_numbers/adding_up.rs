//! The accounts' own equation.

use metrics_exporter_cloudwatch::{Amount, Stats};
use std::fmt::Debug;

pub(super) type Check = Result<(), String>;

pub(super) fn equal<T: PartialEq + Debug + Copy>(what: &str, one: T, other: T) -> Check {
    if one == other {
        return Ok(());
    }
    Err(format!("{what}: {one:?} is not {other:?}"))
}

/// Both numbers of several amounts.
pub(super) fn sums(amounts: &[Amount]) -> (u64, u64) {
    let data = amounts.iter().map(|amount| amount.data).sum();
    (data, amounts.iter().map(|amount| amount.samples).sum())
}

pub(super) fn adds_up(stats: &Stats) -> Check {
    let parts = [
        stats.delivered,
        stats.handed_over,
        stats.refused,
        stats.ambiguous,
        stats.dropped,
        stats.pending,
    ];
    equal("entered", sums(&[stats.entered]), sums(&parts))?;
    let is_part = |part: Amount, of: u64| part.samples <= of;
    let are_parts = is_part(stats.journaled, stats.pending.samples)
        && is_part(stats.in_doubt, stats.pending.samples)
        && is_part(stats.repeated, stats.delivered.samples)
        && is_part(stats.restored, stats.entered.samples);
    equal("parts", are_parts, true)
}
