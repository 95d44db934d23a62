//! What is open: what an identity has to say of a window that has not ended.
//!
//! A destination keeps it only where something has to wait: for the end of its window, if others take snapshots within
//! it, or for other series of the same identity. It takes a counter's sum or a gauge's three numbers, or a histogram's
//! buckets, for each series that was recorded to, and goes when the window ends, when the destination is flushed, or when
//! the series is evicted. So there are never more than series have a place.

use metrics_recording::{Buckets, Value};

#[derive(Clone, Debug)]
pub(crate) struct OpenPoint {
    value: OpenValue,
    samples: u64,
}

#[derive(Clone, Debug)]
enum OpenValue {
    Counter(u64),
    Gauge { last: f64, min: f64, max: f64 },
    Histogram(Box<Buckets>),
}

impl OpenPoint {
    /// None of a kind that a later version of recording has.
    pub(crate) fn of(value: Value<'_>, samples: u64) -> Option<Self> {
        let value = match value {
            Value::Counter(growth) => OpenValue::Counter(growth),
            Value::Gauge { last, min, max } => OpenValue::Gauge { last, min, max },
            Value::Histogram(buckets) => OpenValue::Histogram(Box::new(buckets.clone())),
            _ => return None,
        };
        Some(Self { value, samples })
    }

    /// Adds what was recorded after it.
    pub(crate) fn add(&mut self, later: Value<'_>, samples: u64) {
        match (&mut self.value, later) {
            (OpenValue::Counter(sum), Value::Counter(growth)) => *sum = sum.saturating_add(growth),
            (OpenValue::Histogram(all), Value::Histogram(more)) => all.merge(more),
            (
                OpenValue::Gauge { last, min, max },
                Value::Gauge {
                    last: newest,
                    min: least,
                    max: greatest,
                },
            ) => {
                (*last, *min, *max) = (newest, min.min(least), max.max(greatest));
                // It is one sample of the window.
                return;
            }
            // A series keeps its kind.
            _ => return,
        }
        self.samples = self.samples.saturating_add(samples);
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match &self.value {
            OpenValue::Counter(sum) => Value::Counter(*sum),
            OpenValue::Gauge { last, min, max } => Value::Gauge {
                last: *last,
                min: *min,
                max: *max,
            },
            OpenValue::Histogram(all) => Value::Histogram(all),
        }
    }

    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }
}
