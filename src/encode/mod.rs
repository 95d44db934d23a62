//! Points → data: units, forms, limits; then packed into requests.

pub(crate) mod datum;
mod distribution;
pub(crate) mod pack;
pub(crate) mod size;
pub(crate) mod stored;

use crate::aggregate::{GaugePoint, HistogramPoint};
use crate::config::{Config, HistogramForm};
use crate::limits::{self, ValueFault};
use crate::refusal::{Refusal, Refused};
use crate::registry::{Drained, Identity, Origin, Point};
use crate::unit::{self, Scale};
use crate::window::Window;
use aws_sdk_cloudwatch::types::StandardUnit;
use datum::{DatumValue, MetricDatum, StatisticSet};
use distribution::Fit;
use metrics_util::MetricKind;
use std::sync::Arc;

/// Encodes one drained series after the other.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    config: &'a Config,
    window: Window,
    fit: Fit,
    /// Values and counts of the histogram at hand; its memory is used again.
    kept: Vec<(f64, u64)>,
    refused: Vec<Refused>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(config: &'a Config, window: Window) -> Self {
        Self {
            config,
            window,
            fit: Fit::default(),
            kept: Vec::with_capacity(limits::MAX_VALUES_PER_DATUM),
            refused: Vec::new(),
        }
    }

    /// The datum of a series, if there is something to send.
    pub(crate) fn encode(&mut self, drained: &Drained<'_>) -> Option<MetricDatum> {
        for (fault, samples) in drained.refused {
            self.refuse(drained, Refusal::Value(fault), samples);
        }
        let samples = samples(&drained.point)?;
        let identity = drained.identity;
        if let Some(reason) = identity.refusal() {
            self.refuse(drained, reason.clone(), samples);
            return None;
        }
        let (unit, scale) = unit_and_scale(drained);
        let (value, out_of_range) = self.value(drained, identity, scale);
        self.refuse(
            drained,
            Refusal::Value(ValueFault::OutOfRange),
            out_of_range,
        );
        Some(MetricDatum {
            identity: Arc::clone(identity),
            origin: Origin::Series(drained.kind),
            timestamp: self.window.start(),
            is_by_clock: true,
            value: value?,
            samples: samples.saturating_sub(out_of_range),
            unit,
            storage_resolution: self.window.resolution(),
        })
    }

    /// What was refused on the way.
    pub(crate) fn into_refused(self) -> Vec<Refused> {
        self.refused
    }

    /// The numbers to send, and how many samples are out of range in the unit they are sent in.
    fn value(
        &mut self,
        drained: &Drained<'_>,
        identity: &Identity,
        scale: Scale,
    ) -> (Option<DatumValue>, u64) {
        match drained.point {
            Point::None => (None, 0),
            Point::Counter(delta) => {
                let value = limits::check_value(scale.apply(as_float(delta)));
                (
                    value.ok().map(DatumValue::Single),
                    if value.is_ok() { 0 } else { delta },
                )
            }
            Point::Gauge(point) => {
                // Refused once, not in every window that tells it again.
                whole(gauge(point, scale), u64::from(point.is_fresh))
            }
            Point::Histogram(point) => match self.config.histogram_form(identity.key.name()) {
                HistogramForm::Distribution => self.distribution(point, scale),
                HistogramForm::StatisticSet => whole(summary(point, scale), point.count),
            },
        }
    }

    fn distribution(&mut self, point: &HistogramPoint, scale: Scale) -> (Option<DatumValue>, u64) {
        let kept = &mut self.kept;
        kept.clear();
        let mut out_of_range = 0;
        for &(value, count) in self.fit.values(point) {
            match (limits::check_value(scale.apply(value)), kept.last_mut()) {
                (Ok(value), Some((last, last_count))) if *last == value => {
                    *last_count = last_count.saturating_add(count);
                }
                (Ok(value), _) => kept.push((value, count)),
                (Err(_), _) => out_of_range = u64::saturating_add(out_of_range, count),
            }
        }
        let distribution = (!kept.is_empty()).then(|| DatumValue::Distribution {
            values: kept.iter().map(|&(value, _)| value).collect(),
            counts: kept.iter().map(|&(_, count)| as_float(count)).collect(),
        });
        (distribution, out_of_range)
    }

    fn refuse(&mut self, drained: &Drained<'_>, reason: Refusal, samples: u64) {
        if samples > 0 {
            self.refused.push(Refused {
                kind: Some(drained.kind),
                key: drained.identity.key.clone(),
                reason,
                samples,
            });
        }
    }
}

/// How much a point stands for, in the accounts.
fn samples(point: &Point<'_>) -> Option<u64> {
    match point {
        Point::None => None,
        Point::Counter(delta) => Some(*delta),
        Point::Gauge(_) => Some(1),
        Point::Histogram(point) => Some(point.count),
    }
}

/// A counter counts, if nobody said what; other metrics have no unit by themselves.
fn unit_and_scale(drained: &Drained<'_>) -> (Option<&'static StandardUnit>, Scale) {
    match (drained.unit.map(unit::standard), drained.kind) {
        (Some(scaled), _) => (unit::shared(&scaled.unit), scaled.scale),
        (None, MetricKind::Counter) => (unit::shared(&StandardUnit::Count), Scale::One),
        (None, _) => (None, Scale::One),
    }
}

/// One sample whose value is the last one: so Average reads the last value, and Minimum and
/// Maximum the spikes between.
fn gauge(point: GaugePoint, scale: Scale) -> Result<StatisticSet, ValueFault> {
    scaled(
        &StatisticSet {
            sample_count: 1.0,
            sum: point.last,
            minimum: point.minimum,
            maximum: point.maximum,
        },
        scale,
    )
}

fn summary(point: &HistogramPoint, scale: Scale) -> Result<StatisticSet, ValueFault> {
    scaled(
        &StatisticSet {
            sample_count: as_float(point.count),
            sum: point.sum,
            minimum: point.minimum,
            maximum: point.maximum,
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
        Ok(statistics) => (Some(DatumValue::Statistic(statistics)), 0),
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
