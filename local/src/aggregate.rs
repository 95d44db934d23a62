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

    /// The beginning of the period of a time. Periods are counted from the epoch.
    fn period_of(&self, time: i64) -> i64 {
        time - time.rem_euclid(self.period * 1_000)
    }

    /// Periods belong to the range by their beginning, and are whole: the range begins with the
    /// period that its start is in, as the service rounds a start down.
    fn has(&self, period: i64) -> bool {
        (self.period_of(self.start)..self.end).contains(&period)
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
    let mut datapoints = Datapoints::new();
    for datum in data {
        let time = clock::millis(datum.timestamp);
        let period = window.period_of(time);
        let datum_unit = datum.unit.as_deref().unwrap_or(NO_UNIT);
        let wanted = unit.is_none_or(|unit| unit == datum_unit);
        if wanted
            && window.has(period)
            && is_kept(datum, window.period, now.saturating_sub(time) / 1_000)
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
/// below a minute for 3 hours, and only of high resolution; then coarser and coarser.
fn is_kept(datum: &ReceivedDatum, period: i64, age: i64) -> bool {
    let finest = match age {
        ..=10_800 if datum.storage_resolution == 1 => 1,
        _ if age <= 15 * DAY => 60,
        _ if age <= 63 * DAY => 300,
        _ if age <= 455 * DAY => HOUR,
        _ => return false,
    };
    period % finest == 0
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
