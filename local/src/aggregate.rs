//! Data to datapoints: per period, and per unit, because two units are two streams.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::clock;
use crate::percentile::Samples;
use crate::received::{ReceivedDatum, ReceivedValue};
use crate::statistic::Statistic;

/// The unit of a datum that was sent without one.
const NO_UNIT: &str = "None";

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// A read's time range, in milliseconds since the epoch, and its period in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Included.
    pub(crate) start: i64,
    /// Excluded.
    pub(crate) end: i64,
    pub(crate) period: i64,
}

impl Window {
    /// How many periods it takes to cover the range.
    pub(crate) fn periods(&self) -> i64 {
        let period = self.period * 1_000;
        let range = self.end - self.start;
        range / period + i64::from(range % period > 0)
    }

    /// The beginning of the first period. API `GetMetricStatistics`: a start is rounded down to the
    /// finest period that there is at its age; if the wanted one is below a minute, to that.
    fn first_period(&self, now: i64) -> i64 {
        let age = now.saturating_sub(self.start) / 1_000;
        let clock_interval = match self.period {
            ..60 => self.period,
            _ => finest_period(age).unwrap_or(HOUR),
        };
        self.start - self.start.rem_euclid(clock_interval * 1_000)
    }

    /// The beginning of the period that a time is in, if that is in the range. Periods follow each
    /// other from the first one on, as in the examples of the service's command line: of 23:18 to
    /// 23:18, by the hour, they begin at 18 minutes past. The last is whole too, wherever the range
    /// ends.
    fn period_of(&self, time: i64, first: i64) -> Option<i64> {
        let since = time.checked_sub(first).filter(|since| *since >= 0)?;
        let period = time - since % (self.period * 1_000);
        (period < self.end).then_some(period)
    }
}

/// A stream is read by its beginning in milliseconds, then by its unit.
pub(crate) type Datapoints = BTreeMap<(i64, String), Summary>;

/// The datapoints of one metric, of all units or of one.
pub(crate) fn datapoints(
    data: &[ReceivedDatum],
    window: &Window,
    unit: Option<&str>,
    now: SystemTime,
) -> Datapoints {
    let now = clock::millis(now);
    let first = window.first_period(now);
    let mut datapoints = Datapoints::new();
    for datum in data {
        let time = clock::millis(datum.timestamp);
        let age = now.saturating_sub(time) / 1_000;
        let datum_unit = datum.unit.as_deref().unwrap_or(NO_UNIT);
        let wanted = unit.is_none_or(|unit| unit == datum_unit);
        if wanted
            && is_kept(datum, window.period, age)
            && let Some(period) = window.period_of(time, first)
        {
            datapoints
                .entry((period, datum_unit.to_owned()))
                .or_default()
                .add(&datum.value);
        }
    }
    datapoints
}

/// Whether a datum of an age in seconds is still there for a period. API `GetMetricStatistics`:
/// below a minute for 3 hours, and only of high resolution.
fn is_kept(datum: &ReceivedDatum, period: i64, age: i64) -> bool {
    let is_fine = datum.storage_resolution == 1 && age <= 3 * HOUR;
    is_fine || finest_period(age).is_some_and(|finest| period % finest == 0)
}

/// The finest period, but for high resolution, that data of an age still have, both in seconds.
fn finest_period(age: i64) -> Option<i64> {
    match age {
        _ if age <= 15 * DAY => Some(60),
        _ if age <= 63 * DAY => Some(300),
        _ if age <= 455 * DAY => Some(HOUR),
        _ => None,
    }
}

/// The statistics of one period of one stream.
#[derive(Debug)]
pub(crate) struct Summary {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
    samples: Samples,
}

impl Summary {
    fn add(&mut self, value: &ReceivedValue) {
        self.sample_count += value.sample_count();
        self.sum += value.sum();
        self.minimum = self.minimum.min(value.minimum());
        self.maximum = self.maximum.max(value.maximum());
        self.samples.add(value);
    }

    /// `None` is a percentile that these data do not have.
    pub(crate) fn get(&self, statistic: Statistic) -> Option<f64> {
        Some(match statistic {
            Statistic::SampleCount => self.sample_count,
            Statistic::Average => self.sum / self.sample_count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.minimum,
            Statistic::Maximum => self.maximum,
            Statistic::Percentile(rank) => return self.samples.percentile(rank),
        })
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            sample_count: 0.0,
            sum: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
            samples: Samples::new(),
        }
    }
}
