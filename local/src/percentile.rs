//! Percentiles: which data have them, and which sample they are.

use crate::received::ReceivedValue;

/// The samples of one period of one stream, as far as they are known.
#[derive(Debug)]
pub(crate) enum Samples {
    /// Each value with its weight.
    Known(Vec<(f64, f64)>),
    /// There is a datum whose samples cannot be told, or that is negative: no percentiles.
    Unknown,
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self::Known(Vec::new())
    }

    /// API `MetricDatum` and user guide, "Percentiles": single values and `Values` have them, a
    /// statistic set only if all of its samples are the same, a metric with negative values never.
    pub(crate) fn add(&mut self, value: &ReceivedValue) {
        let Self::Known(known) = self else { return };
        if value.minimum() < 0.0 {
            *self = Self::Unknown;
            return;
        }
        match value {
            ReceivedValue::Single(value) => known.push((*value, 1.0)),
            ReceivedValue::Distribution { values, counts } => {
                known.extend(values.iter().copied().zip(counts.iter().copied()));
            }
            #[expect(clippy::float_cmp, reason = "equal as sent, not as calculated")]
            ReceivedValue::Statistic {
                sample_count,
                minimum,
                maximum,
                ..
            } if minimum == maximum => {
                known.push((*minimum, *sample_count));
            }
            ReceivedValue::Statistic { .. } => *self = Self::Unknown,
        }
    }

    /// The nearest rank: the smallest value such that `rank` per cent of the weight is at or below it;
    /// `p0` is the smallest value, `p100` the largest. Nothing is interpolated, so that it is always a
    /// value that was sent.
    pub(crate) fn percentile(&self, rank: f64) -> Option<f64> {
        let Self::Known(known) = self else {
            return None;
        };
        let mut sorted = known.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = sorted.iter().map(|(_, weight)| weight).sum();
        // Rounding must not push the rank of a whole number over it.
        let wanted = rank * total / 100.0 * (1.0 - 1e-12);
        let mut below = 0.0;
        let found = sorted.iter().find(|(_, weight)| {
            below += weight;
            below >= wanted
        });
        found.or(sorted.last()).map(|(value, _)| *value)
    }
}
