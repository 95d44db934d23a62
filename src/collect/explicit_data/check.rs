//! What the sink would refuse is refused here, before anything is queued.

use super::datum::Explicit;
use super::{ExplicitDatum, PutError};
use crate::limits;
use crate::model::datum::{Datum, DatumValue, StatisticSet, Values};
use crate::model::identity::{Identity, Named, Origin};
use crate::model::profile::Profile;
use crate::model::unit_scale::{self, Scale};
use crate::settings::Config;
use crate::settings::matcher::Metric;
use metrics::Key;
use std::sync::Arc;
use std::time::SystemTime;

/// How far rounding may take a sum out of its bounds, relative to them.
const ROUNDING: f64 = 1e-9;

pub(crate) fn check(
    datum: ExplicitDatum,
    config: &Config,
    now: SystemTime,
    profile: &Profile,
) -> Result<Datum, PutError> {
    let key = Key::from_parts(datum.name, datum.dimensions);
    let settings = config.metrics.data(&Metric::of_name(key.name()));
    let named = Named::Own(Box::new(key));
    let identity = Identity::checked(named, &config.default_dimensions, profile.name_rules())
        .with_settings(settings);
    if let Some(refusal) = identity.refusal() {
        return Err(PutError::Series(refusal.clone()));
    }
    let timestamp = datum.timestamp.unwrap_or(now);
    limits::check_timestamp(timestamp, now).map_err(PutError::Timestamp)?;
    let scaled = datum.unit.map(unit_scale::scaled);
    let (unit, scale) = scaled.map_or((None, Scale::One), |(unit, scale)| (Some(unit), scale));
    let value = match in_scale(datum.value, scale) {
        Explicit::Number(value) => DatumValue::Number(number(value)?),
        Explicit::StatisticSet(statistics) => DatumValue::StatisticSet(statistic(statistics)?),
        Explicit::Values(values, counts) => distribution(&values, &counts, profile)?,
    };
    Ok(Datum {
        identity: Arc::new(identity),
        origin: Origin::Put,
        timestamp,
        is_by_clock: datum.timestamp.is_none(),
        samples: whole(value.statistics().sample_count),
        value,
        unit,
        storage_resolution: datum
            .storage_resolution
            .unwrap_or(config.storage_resolution()),
    })
}

/// In the unit that it goes in.
fn in_scale(value: Explicit, scale: Scale) -> Explicit {
    match value {
        Explicit::Number(value) => Explicit::Number(scale.apply(value)),
        Explicit::StatisticSet(set) => Explicit::StatisticSet(StatisticSet {
            sample_count: set.sample_count,
            sum: scale.apply(set.sum),
            minimum: scale.apply(set.minimum),
            maximum: scale.apply(set.maximum),
        }),
        Explicit::Values(values, counts) => {
            let scaled = values.into_iter().map(|value| scale.apply(value));
            Explicit::Values(scaled.collect(), counts)
        }
    }
}

fn number(value: f64) -> Result<f64, PutError> {
    limits::check_value(value).map_err(PutError::Value)
}

fn count(count: f64) -> Result<f64, PutError> {
    match number(count) {
        Ok(count) if count > 0.0 => Ok(count),
        _ => Err(PutError::Count(count)),
    }
}

fn distribution(values: &[f64], counts: &[f64], profile: &Profile) -> Result<DatumValue, PutError> {
    if values.is_empty() {
        return Err(PutError::NoValues);
    }
    if values.len() != counts.len() {
        return Err(PutError::CountsMismatch {
            values: values.len(),
            counts: counts.len(),
        });
    }
    let mut pairs = Vec::with_capacity(values.len());
    for (&value, &samples) in values.iter().zip(counts) {
        pairs.push((number(value)?, count(samples)?));
    }
    pairs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    pairs.dedup_by(|(value, more), (kept, samples)| {
        let is_same = value == kept;
        if is_same {
            *samples += *more;
        }
        is_same
    });
    if profile.max_values().is_some_and(|most| pairs.len() > most) {
        return Err(PutError::TooManyValues(pairs.len()));
    }
    let mut sum = 0.0;
    for &(value, samples) in &pairs {
        count(samples)?;
        sum += value * samples;
    }
    Ok(DatumValue::Values(Values::of_sorted(pairs, sum)))
}

fn statistic(statistics: StatisticSet) -> Result<StatisticSet, PutError> {
    let sample_count = count(statistics.sample_count)?;
    let (minimum, maximum) = (number(statistics.minimum)?, number(statistics.maximum)?);
    let sum = number(statistics.sum)?;
    if minimum > maximum {
        return Err(PutError::MinimumAboveMaximum { minimum, maximum });
    }
    let bounded = sum.clamp(minimum * sample_count, maximum * sample_count);
    if (sum - bounded).abs() > ROUNDING * bounded.abs() {
        return Err(PutError::SumOutOfBounds {
            sample_count,
            sum,
            minimum,
            maximum,
        });
    }
    Ok(StatisticSet {
        sample_count,
        sum: number(bounded)?,
        minimum,
        maximum,
    })
}

/// For the accounts: part of a sample is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "above zero, and a cast saturates"
)]
pub(super) fn whole(count: f64) -> u64 {
    count.ceil() as u64
}
