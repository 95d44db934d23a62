//! What was recorded → data: units, forms, limits.

mod values_and_counts;

use crate::limits::{self, ValueFault};
use crate::model::datum::{Datum, DatumValue, StatisticSet, Total, Values};
use crate::model::datum_settings::HistogramForm;
use crate::model::identity::Origin;
use crate::model::metric_kind::MetricKind;
use crate::model::profile::DistributionForm;
use crate::model::recorded_buckets::RecordedBuckets;
use crate::model::refusal::{Refusal, Refused};
use crate::model::storage_resolution::StorageResolution;
use crate::model::unit::Unit;
use crate::model::unit_scale::{self, Scale};
use crate::view::{Gained, TotalOf, What};
use metrics::Unit as FacadeUnit;
use metrics_recording::{Buckets, Value};
use std::sync::Arc;
use std::time::SystemTime;
use values_and_counts::Fit;

/// What all data of a snapshot have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) timestamp: SystemTime,
    pub(crate) storage_resolution: StorageResolution,
}

/// Reduces what one series gained after the other.
#[derive(Debug)]
pub(crate) struct Reducer {
    stamp: Stamp,
    distributions: DistributionForm,
    fit: Fit,
    /// Values and counts of the histogram at hand; its memory is used again.
    kept: Vec<(f64, u64)>,
    refused: Vec<Refused>,
}

impl Reducer {
    /// For a sink that takes distributions in this form.
    pub(crate) fn new(stamp: Stamp, distributions: DistributionForm) -> Self {
        Self {
            stamp,
            distributions,
            fit: Fit::default(),
            kept: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The datum of a series, if there is something to send.
    #[inline]
    pub(crate) fn reduce(&mut self, gained: &Gained<'_>) -> Option<Datum> {
        let (value, samples, is_news) = match gained.what {
            What::Recorded(value, samples) => (value, samples, true),
            What::Unchanged(last) => {
                let (min, max) = (last, last);
                (Value::Gauge { last, min, max }, 1, false)
            }
            What::Total(total, value, samples) => {
                return self.total(gained, total, value, samples);
            }
            What::Refused(reason, samples) => {
                self.refuse(gained, reason, samples);
                return None;
            }
        };
        if let Some(reason) = gained.identity.refusal() {
            self.refuse(gained, reason, samples);
            return None;
        }
        let (unit, scale) = unit_and_scale(gained);
        let (value, out_of_range) = self.value(value, gained, scale);
        // Once, not in every window that repeats it.
        if out_of_range > 0 && is_news {
            self.refuse(
                gained,
                &Refusal::Value(ValueFault::OutOfRange),
                out_of_range,
            );
        }
        let samples = samples.saturating_sub(out_of_range);
        Some(self.datum(gained, value?, samples, unit))
    }

    /// All since the start, of an identity that is not refused.
    // In line it would take room from what is done for each counter.
    #[inline(never)]
    fn total(
        &mut self,
        gained: &Gained<'_>,
        total: TotalOf,
        value: Value<'_>,
        samples: u64,
    ) -> Option<Datum> {
        let (unit, scale) = unit_and_scale(gained);
        let (value, out_of_range) = self.value(value, gained, scale);
        // What is new in it is all that it can lose.
        let out_of_range = out_of_range.min(samples);
        self.refuse(
            gained,
            &Refusal::Value(ValueFault::OutOfRange),
            out_of_range,
        );
        let TotalOf {
            start,
            time,
            begins,
        } = total;
        let value = Total::new(start, value?).with_begins(begins);
        let value = DatumValue::Total(Box::new(value));
        Some(Datum {
            timestamp: time,
            // A correction that begins or ends would move its start, and so make another total of it.
            is_by_clock: false,
            ..self.datum(gained, value, samples - out_of_range, unit)
        })
    }

    #[inline]
    fn datum(
        &self,
        gained: &Gained<'_>,
        value: DatumValue,
        samples: u64,
        unit: Option<Unit>,
    ) -> Datum {
        let Stamp {
            timestamp,
            storage_resolution,
        } = self.stamp;
        Datum {
            identity: Arc::clone(gained.identity),
            origin: Origin::Series(gained.kind),
            timestamp,
            is_by_clock: true,
            value,
            samples,
            unit,
            storage_resolution,
        }
    }

    /// The sink would not take a datum.
    pub(crate) fn refuse_datum(&mut self, datum: &Datum, reason: &Refusal) {
        if datum.samples > 0 {
            self.refused.push(datum.refused(reason));
        }
    }

    /// What was refused on the way.
    pub(crate) fn into_refused(self) -> Vec<Refused> {
        self.refused
    }

    /// The numbers to send, and how many samples are out of range in the unit they are sent in.
    #[expect(
        clippy::inline_always,
        reason = "totals call it, too, and would keep it out of line"
    )]
    #[inline(always)]
    fn value(
        &mut self,
        value: Value<'_>,
        gained: &Gained<'_>,
        scale: Scale,
    ) -> (Option<DatumValue>, u64) {
        match value {
            Value::Counter(growth) => {
                let value = limits::check_value(scale.apply(as_float(growth)));
                (
                    value.ok().map(DatumValue::Number),
                    if value.is_ok() { 0 } else { growth },
                )
            }
            Value::Gauge { last, min, max } => whole(gauge(last, min, max, scale), 1),
            Value::Histogram(samples) => match gained.identity.settings.histogram_form {
                HistogramForm::Distribution => match self.distributions {
                    DistributionForm::Values(most) => self.values(samples, scale, most),
                    DistributionForm::Buckets => (buckets(samples, gained.unit), 0),
                },
                HistogramForm::StatisticSet => whole(summary(samples, scale), samples.count()),
            },
            // Of a later version of recording.
            _ => (None, 0),
        }
    }

    /// At most so many values, as far as they are in range.
    fn values(
        &mut self,
        samples: &Buckets,
        scale: Scale,
        most: usize,
    ) -> (Option<DatumValue>, u64) {
        let kept = &mut self.kept;
        kept.clear();
        let mut out_of_range = 0;
        for &(value, count) in self.fit.values(samples, most) {
            match (limits::check_value(scale.apply(value)), kept.last_mut()) {
                (Ok(value), Some((last, last_count))) if *last == value => {
                    *last_count = last_count.saturating_add(count);
                }
                (Ok(value), _) => kept.push((value, count)),
                (Err(_), _) => out_of_range = u64::saturating_add(out_of_range, count),
            }
        }
        let values = (!kept.is_empty()).then(|| {
            let pairs = kept.iter().map(|&(value, count)| (value, as_float(count)));
            let pairs: Box<[(f64, f64)]> = pairs.collect();
            let sum = if out_of_range == 0 {
                scale.apply(samples.sum())
            } else {
                pairs.iter().map(|(value, count)| value * count).sum()
            };
            DatumValue::Values(Values::of_sorted(pairs, sum))
        });
        (values, out_of_range)
    }

    fn refuse(&mut self, gained: &Gained<'_>, reason: &Refusal, samples: u64) {
        if samples > 0 {
            let (kind, key) = (Some(gained.kind), gained.identity.key());
            self.refused.push(Refused::new(kind, key, reason, samples));
        }
    }
}

/// A counter counts, if nobody said what; other metrics have no unit by themselves.
fn unit_and_scale(gained: &Gained<'_>) -> (Option<Unit>, Scale) {
    match (gained.unit, gained.kind) {
        (Some(unit), _) => {
            let (unit, scale) = unit_scale::scaled(unit.into());
            (Some(unit), scale)
        }
        (None, MetricKind::Counter) => (Some(Unit::Count), Scale::One),
        (None, _) => (None, Scale::One),
    }
}

/// One sample whose value is the last one: so Average reads the last value, and Minimum and
/// Maximum the spikes between.
fn gauge(last: f64, min: f64, max: f64, scale: Scale) -> Result<StatisticSet, ValueFault> {
    scaled(
        &StatisticSet {
            sample_count: 1.0,
            sum: last,
            minimum: min,
            maximum: max,
        },
        scale,
    )
}

/// As they are: no number is out of range by a scale that is applied when it is read.
// In line it would take room from what is done for each counter.
#[inline(never)]
fn buckets(samples: &Buckets, unit: Option<FacadeUnit>) -> Option<DatumValue> {
    let buckets = RecordedBuckets::new(samples.clone(), unit.map(Unit::from));
    buckets.map(DatumValue::Buckets)
}

fn summary(samples: &Buckets, scale: Scale) -> Result<StatisticSet, ValueFault> {
    scaled(
        &StatisticSet {
            sample_count: as_float(samples.count()),
            sum: samples.sum(),
            minimum: samples.min().unwrap_or_default(),
            maximum: samples.max().unwrap_or_default(),
        },
        scale,
    )
}

fn scaled(statistics: &StatisticSet, scale: Scale) -> Result<StatisticSet, ValueFault> {
    let scaled = |value| limits::check_value(scale.apply(value));
    let sample_count = statistics.sample_count;
    let (minimum, maximum) = (scaled(statistics.minimum)?, scaled(statistics.maximum)?);
    // Rounding, or extremes so small that they go as zero, must not leave the sum out of bounds.
    let sum = scaled(statistics.sum)?.clamp(minimum * sample_count, maximum * sample_count);
    Ok(StatisticSet {
        sample_count,
        sum,
        minimum,
        maximum,
    })
}

/// A statistic set goes as a whole or not at all.
fn whole(statistics: Result<StatisticSet, ValueFault>, samples: u64) -> (Option<DatumValue>, u64) {
    match statistics {
        Ok(statistics) => (Some(DatumValue::StatisticSet(statistics)), 0),
        Err(_) => (None, samples),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "CloudWatch's numbers are floats"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
