//! What tests look at: the data that were accepted, and every attempt to put some.

use std::time::SystemTime;

use bytes::Bytes;

use crate::fault::Fault;

/// One datum that `PutMetricData` accepted, as it was sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReceivedDatum {
    /// The namespace of the request.
    pub namespace: String,
    /// The name of the metric.
    pub metric_name: String,
    /// Name and value of each dimension, in the order in which they were sent.
    pub dimensions: Vec<(String, String)>,
    /// The time that was sent, to the millisecond; the time of arrival if none was.
    pub timestamp: SystemTime,
    /// The value, in one of its three forms.
    pub value: ReceivedValue,
    /// The unit; `None` if none was sent, which the service treats as the unit `None`.
    pub unit: Option<String>,
    /// The storage resolution in seconds: 1, or 60 (also if none was sent).
    pub storage_resolution: u8,
}

impl ReceivedDatum {
    /// The number of samples of the datum, see [`ReceivedValue::sample_count`].
    #[must_use]
    pub fn sample_count(&self) -> f64 {
        self.value.sample_count()
    }

    /// The sum of the samples of the datum, see [`ReceivedValue::sum`].
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.value.sum()
    }

    /// The smallest sample of the datum.
    #[must_use]
    pub fn minimum(&self) -> f64 {
        self.value.minimum()
    }

    /// The largest sample of the datum.
    #[must_use]
    pub fn maximum(&self) -> f64 {
        self.value.maximum()
    }
}

/// The value of a datum: a number, the statistics of several, or a distribution.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReceivedValue {
    /// `Value`: one sample.
    Single(f64),
    /// `StatisticValues`: samples summed up by the sender.
    Statistic {
        /// The number of samples.
        sample_count: f64,
        /// The sum of the samples.
        sum: f64,
        /// The smallest sample.
        minimum: f64,
        /// The largest sample.
        maximum: f64,
    },
    /// `Values` and `Counts`: each value with the number of times that it occurred.
    Distribution {
        /// The values, in the order in which they were sent.
        values: Vec<f64>,
        /// The count of each value, all ones if no `Counts` were sent.
        counts: Vec<f64>,
    },
}

impl ReceivedValue {
    /// The number of samples: 1, the set's count, or the sum of the counts.
    #[must_use]
    pub fn sample_count(&self) -> f64 {
        match self {
            Self::Single(_) => 1.0,
            Self::Statistic { sample_count, .. } => *sample_count,
            Self::Distribution { counts, .. } => counts.iter().sum(),
        }
    }

    /// The sum of the samples: of a distribution, of each value times its count.
    #[must_use]
    pub fn sum(&self) -> f64 {
        match self {
            Self::Single(value) => *value,
            Self::Statistic { sum, .. } => *sum,
            Self::Distribution { values, counts } => values
                .iter()
                .zip(counts)
                .map(|(value, count)| value * count)
                .sum(),
        }
    }

    /// The smallest sample.
    #[must_use]
    pub fn minimum(&self) -> f64 {
        match self {
            Self::Single(value) => *value,
            Self::Statistic { minimum, .. } => *minimum,
            Self::Distribution { values, .. } => {
                values.iter().copied().fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// The largest sample.
    #[must_use]
    pub fn maximum(&self) -> f64 {
        match self {
            Self::Single(value) => *value,
            Self::Statistic { maximum, .. } => *maximum,
            Self::Distribution { values, .. } => {
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }
        }
    }
}

/// One attempt at `PutMetricData`, accepted or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The length of the body on the wire, as sent: compressed, if the sender compressed it. Of a body
    /// that is too large even so, only the first 1,001,025 bytes are counted.
    pub wire_bytes: usize,
    /// The length of the body without compression; 0 if it was too large or not to be decompressed.
    pub raw_bytes: usize,
    /// The body without compression; empty if it was too large or not to be decompressed.
    pub body: Bytes,
    /// The number of data in the request, counted up to 10,000; 0 if it could not be decoded.
    pub data: usize,
    /// Why nothing of it was stored, in the answer's words; `None` if all of it was, or a fault came
    /// before.
    pub refusal: Option<Refusal>,
    /// What happened to it.
    pub fault: Option<Fault>,
    /// Whether its data were stored, whatever the sender got to see.
    pub is_applied: bool,
}

/// Why a request was refused, in the words of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The service's error code, for example `InvalidParameterValue`.
    pub code: String,
    /// The message, which names the places at fault.
    pub message: String,
}
