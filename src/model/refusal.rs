//! Why something recorded never left: what the refusals in a report and in the log say.

use crate::limits::{TextFault, TimestampFault, ValueFault};
use crate::model::metric_kind::MetricKind;
use metrics::{Key, SharedString};
use std::fmt;

/// Series and reasons listed one by one; what is refused beyond them is in the sum alone.
pub(crate) const MAX_LISTED: usize = 10_000;

/// The rule that a series or a value breaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The metric's name.
    #[error("the metric's name {0}")]
    MetricName(TextFault),
    /// More dimensions than a metric may have, default dimensions included.
    #[error("{dimensions} dimensions, more than {limit}")]
    TooManyDimensions {
        /// Its dimensions.
        dimensions: usize,
        /// The sink's limit: 30 for `PutMetricData`.
        limit: usize,
    },
    /// A dimension's name.
    #[error("the name of dimension {name:?} {fault}")]
    DimensionName {
        /// The dimension's name.
        name: SharedString,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// A dimension's value.
    #[error("the value of dimension {name:?} {fault}")]
    DimensionValue {
        /// The dimension's name.
        name: SharedString,
        /// What is wrong with its value.
        fault: TextFault,
    },
    /// Labels of one name with different values.
    #[error("dimension {0:?} has two values")]
    AmbiguousDimension(SharedString),
    /// The metric, or all metrics together, have as many [series](crate::CloudWatchBuilder::with_max_series) as they may,
    /// and a gauge or a total means nothing in a sum.
    #[error("too many series")]
    SeriesLimit,
    /// There are as many [names](crate::CloudWatchBuilder::with_max_names) of metrics as there may be, 2,000 by default.
    #[error("too many names of metrics")]
    NameLimit,
    /// Gauges of several series would become one, and no [rule](crate::GaugeRule) says how.
    #[error("several gauges are one without the labels that are left out, and no rule merges them")]
    NoGaugeRule,
    /// A recorded value.
    #[error("a value {0}")]
    Value(ValueFault),
    /// The time of the data, when they were to be sent.
    #[error("the time stamp {0}")]
    Timestamp(TimestampFault),
    /// The service refused the metric in earlier windows, so that its data are not sent. It is tried again with the next
    /// window's datum, then after pauses that double up to an hour, and at once when another such metric is accepted.
    #[error("refused before: {code}; it is tried again from time to time")]
    Remembered {
        /// The error code that it was refused with.
        code: String,
    },
    /// The service, or another sink, would not take the request that the datum was in.
    #[error("the request was rejected: {code}: {message}")]
    Rejected {
        /// The error code, such as `InvalidParameterValue`.
        code: String,
        /// What the service said.
        message: String,
    },
}

impl Refusal {
    /// The rule's name, such as `DimensionValue`: one of few, whatever the metric is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MetricName(_) => "MetricName",
            Self::TooManyDimensions { .. } => "TooManyDimensions",
            Self::DimensionName { .. } => "DimensionName",
            Self::DimensionValue { .. } => "DimensionValue",
            Self::AmbiguousDimension(_) => "AmbiguousDimension",
            Self::SeriesLimit => "SeriesLimit",
            Self::NameLimit => "NameLimit",
            Self::NoGaugeRule => "NoGaugeRule",
            Self::Value(_) => "Value",
            Self::Timestamp(_) => "Timestamp",
            Self::Remembered { .. } => "Remembered",
            Self::Rejected { .. } => "Rejected",
        }
    }
}

/// Samples of one series that were refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Counter, gauge or histogram; none for a [`ExplicitDatum`](crate::ExplicitDatum).
    pub kind: Option<MetricKind>,
    /// The metric's name and labels, without those that say nothing: doubled ones, those that repeat
    /// a default dimension, and those with an empty value where there is none to take away. Names beyond the
    /// [limit](Refusal::NameLimit) are without number: `*` stands for all of them.
    pub key: Key,
    /// The rule that was broken.
    pub reason: Refusal,
    /// How much was refused: a counter's increments added up, a gauge's updates or windows, a
    /// histogram's samples.
    pub samples: u64,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            key,
            reason,
            samples,
        } = self;
        match kind {
            Some(kind) => write!(f, "{kind:?} {:?}", key.name())?,
            None => write!(f, "Datum {:?}", key.name())?,
        }
        for (position, label) in key.labels().enumerate() {
            let separator = if position == 0 { " {" } else { ", " };
            write!(f, "{separator}{:?}={:?}", label.key(), label.value())?;
        }
        let closing = if key.labels().len() == 0 { "" } else { "}" };
        write!(f, "{closing}: {samples} refused: {reason}")
    }
}
