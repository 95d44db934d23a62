//! Why something recorded never left: what the refusals in a report and in the log say.

use crate::limits::{TextFault, TimestampFault, ValueFault};
use crate::model::cut::{MAX_KEPT, MAX_SHOWN, cut, cut_key, cut_shared};
use crate::model::metric_kind::MetricKind;
use metrics::{Key, SharedString};
use std::borrow::Cow;
use std::fmt;

/// Bytes of all labels in a line.
const MAX_SHOWN_LABELS: usize = 4_096;

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
    #[error("the name of dimension {:?} {fault}", shown(name))]
    DimensionName {
        /// The dimension's name.
        name: SharedString,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// A dimension's value.
    #[error("the value of dimension {:?} {fault}", shown(name))]
    DimensionValue {
        /// The dimension's name.
        name: SharedString,
        /// What is wrong with its value.
        fault: TextFault,
    },
    /// Labels of one name with different values.
    #[error("dimension {:?} has two values", shown(_0))]
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
    /// What a record of the [journal](crate::CloudWatchBuilder::with_journal) says of it, which this version would not have
    /// written for this destination.
    #[error("what the journal has of it {0}")]
    Record(&'static str),
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
            Self::Record(_) => "Record",
            Self::Timestamp(_) => "Timestamp",
            Self::Remembered { .. } => "Remembered",
            Self::Rejected { .. } => "Rejected",
        }
    }

    /// With texts that are [cut](crate::model::cut).
    fn cut(&self) -> Self {
        match self {
            Self::DimensionName { name, fault } => Self::DimensionName {
                name: cut_shared(name),
                fault: *fault,
            },
            Self::DimensionValue { name, fault } => Self::DimensionValue {
                name: cut_shared(name),
                fault: *fault,
            },
            Self::AmbiguousDimension(name) => Self::AmbiguousDimension(cut_shared(name)),
            Self::Remembered { code } => Self::Remembered {
                code: cut(code, MAX_KEPT).into_owned(),
            },
            Self::Rejected { code, message } => Self::Rejected {
                code: cut(code, MAX_KEPT).into_owned(),
                message: cut(message, MAX_KEPT).into_owned(),
            },
            other => other.clone(),
        }
    }

    /// Bytes of its texts.
    fn texts_len(&self) -> usize {
        match self {
            Self::DimensionName { name, .. }
            | Self::DimensionValue { name, .. }
            | Self::AmbiguousDimension(name) => name.len(),
            Self::Remembered { code } => code.len(),
            Self::Rejected { code, message } => code.len() + message.len(),
            _ => 0,
        }
    }
}

/// Samples of one series that were refused for one reason.
///
/// `Display` writes one line. It has 256 bytes of a name or a value at most, and 4,096 of all labels; what is longer says
/// its length.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Counter, gauge or histogram; none for a [`ExplicitDatum`](crate::ExplicitDatum).
    pub kind: Option<MetricKind>,
    /// The metric's name and labels, without those that say nothing: doubled ones, those that repeat
    /// a default dimension, and those with an empty value where there is none to take away. Names beyond the
    /// [limit](Refusal::NameLimit) are without number: `*` stands for all of them.
    ///
    /// A text of more than 2,048 bytes is cut, and says its length: `aaaa… (1048576 bytes)`. Of more than 64 labels the
    /// first 63 are there, and one that says how many there are beside them.
    pub key: Key,
    /// The rule that was broken.
    pub reason: Refusal,
    /// How much was refused: a counter's increments added up, a gauge's updates or windows, a
    /// histogram's samples.
    pub samples: u64,
}

fn shown(text: &str) -> Cow<'_, str> {
    cut(text, MAX_SHOWN)
}

impl Refused {
    /// Texts are [cut](crate::model::cut): whatever was recorded, a report and the log have little of it.
    pub(crate) fn new(kind: Option<MetricKind>, key: &Key, reason: &Refusal, samples: u64) -> Self {
        Self {
            kind,
            key: cut_key(key),
            reason: reason.cut(),
            samples,
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory_len(&self) -> usize {
        let labels = self.key.labels();
        let labels =
            labels.map(|label| size_of_val(label) + label.key().len() + label.value().len());
        let texts = self.key.name().len() + self.reason.texts_len();
        size_of::<Self>() + texts + labels.sum::<usize>()
    }
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
            Some(kind) => write!(f, "{kind:?} {:?}", shown(key.name()))?,
            None => write!(f, "Datum {:?}", shown(key.name()))?,
        }
        let labels = key.labels();
        let labels =
            labels.map(|label| format!("{:?}={:?}", shown(label.key()), shown(label.value())));
        let labels = labels.collect::<Vec<_>>().join(", ");
        if !labels.is_empty() {
            write!(f, " {{{}}}", cut(&labels, MAX_SHOWN_LABELS))?;
        }
        write!(f, ": {samples} refused: {reason}")
    }
}
