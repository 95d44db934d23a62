//! Data that an application makes itself, with a unit, dimensions and a time stamp of their own.

mod check;
mod datum;

pub use datum::ExplicitDatum;

pub(crate) use check::check;

use crate::limits::{TimestampFault, ValueFault};
use crate::model::refusal::Refusal;

/// Why a [`ExplicitDatum`] was not taken. Nothing of it is queued then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// The name or a dimension.
    #[error(transparent)]
    Series(Refusal),
    /// A value, or a number of a statistic set.
    #[error("a value {0}")]
    Value(ValueFault),
    /// There are no values.
    #[error("no values")]
    NoValues,
    /// There are more distinct values than a datum takes.
    #[error("{0} distinct values, more than a datum takes")]
    TooManyValues(usize),
    /// There are not as many counts as values.
    #[error("{values} values, but {counts} counts")]
    CountsMismatch {
        /// How many values there are.
        values: usize,
        /// How many counts there are.
        counts: usize,
    },
    /// A count, or the sample count of a statistic set, is not above zero and finite.
    #[error("a count of {0}")]
    Count(f64),
    /// A statistic set's minimum is above its maximum.
    #[error("the minimum {minimum} is above the maximum {maximum}")]
    MinimumAboveMaximum {
        /// The minimum.
        minimum: f64,
        /// The maximum.
        maximum: f64,
    },
    /// No samples within a statistic set's extremes can have its sum.
    #[error("{sample_count} samples from {minimum} to {maximum} cannot have the sum {sum}")]
    SumOutOfBounds {
        /// How many samples.
        sample_count: f64,
        /// Their sum.
        sum: f64,
        /// The minimum.
        minimum: f64,
        /// The maximum.
        maximum: f64,
    },
    /// The time stamp is too far from now.
    #[error("the time stamp {0}")]
    Timestamp(TimestampFault),
    /// There is no room: data come faster than the exporter takes them over.
    #[error("the queue is full")]
    QueueFull,
    /// [No destination](crate::Destination::with_metrics) takes this metric.
    #[error("no destination takes this metric")]
    NotTaken,
    /// The exporter does not run any more, or runs in the process that this one was forked from.
    #[error("the exporter does not run any more")]
    Stopped,
}
