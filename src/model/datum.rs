//! A datum as it goes to a sink: what CloudWatch calls `MetricDatum`, with its identity shared.

use crate::collect::window::StorageResolution;
use crate::model::refusal::{Refusal, Refused};
use crate::model::unit::Unit;
use crate::view::{Identity, Origin, PER_ALLOCATION};
use std::sync::Arc;
use std::time::SystemTime;

/// What one series did in one window.
#[derive(Clone, Debug)]
pub struct Datum {
    pub(crate) identity: Arc<Identity>,
    pub(crate) origin: Origin,
    pub(crate) timestamp: SystemTime,
    /// Whether the time stamp is the exporter's clock's, not the application's word.
    pub(crate) is_by_clock: bool,
    pub(crate) value: DatumValue,
    /// How much was recorded of what is in there: for the accounts.
    pub(crate) samples: u64,
    pub(crate) unit: Option<Unit>,
    pub(crate) storage_resolution: StorageResolution,
}

/// The numbers of a [`Datum`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DatumValue {
    /// One sample.
    Single(f64),
    /// A summary; CloudWatch has percentiles of it only where all its samples are equal.
    Statistic(StatisticSet),
    /// 1–150 distinct values and how often each was recorded; CloudWatch computes Sum, Average and
    /// percentiles from them.
    Distribution {
        /// By rising value.
        values: Box<[f64]>,
        /// As many as there are values.
        counts: Box<[f64]>,
    },
}

/// A summary of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatisticSet {
    /// How many there were.
    pub sample_count: f64,
    /// All of them added up.
    pub sum: f64,
    /// The least.
    pub minimum: f64,
    /// The greatest.
    pub maximum: f64,
}

impl Datum {
    pub(crate) fn refused(&self, reason: &Refusal) -> Refused {
        Refused {
            kind: self.origin.kind(),
            key: self.identity.key().clone(),
            reason: reason.clone(),
            samples: self.samples,
        }
    }

    /// Bytes of memory, without an identity that a series has anyway.
    pub(crate) fn memory_len(&self) -> usize {
        let own = size_of::<Self>() + self.identity.own_memory_len();
        match &self.value {
            DatumValue::Single(_) | DatumValue::Statistic(_) => own,
            DatumValue::Distribution { values, counts } => {
                own + size_of_val(&**values) + size_of_val(&**counts) + 2 * PER_ALLOCATION
            }
        }
    }

    /// The metric's name.
    pub fn name(&self) -> &str {
        self.identity.key().name()
    }

    /// The names and values of all dimensions, default ones included, by name; 30 at most. A name has 1–255 ASCII
    /// characters, a value 1–1,024, at least one of them no space; a name does not start with a colon.
    pub fn dimensions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.identity.dimensions()
    }

    /// The start of the window; for a [`ExplicitDatum`](crate::ExplicitDatum) its own time.
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// The numbers.
    pub fn value(&self) -> &DatumValue {
        &self.value
    }

    /// The unit, if it has one.
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// The resolution CloudWatch is to store it with.
    pub fn storage_resolution(&self) -> StorageResolution {
        self.storage_resolution
    }
}

impl DatumValue {
    /// Count, sum and extremes as CloudWatch computes them.
    pub fn statistics(&self) -> StatisticSet {
        match self {
            Self::Single(value) => StatisticSet {
                sample_count: 1.0,
                sum: *value,
                minimum: *value,
                maximum: *value,
            },
            Self::Statistic(statistics) => *statistics,
            Self::Distribution { values, counts } => StatisticSet {
                sample_count: counts.iter().sum(),
                sum: values.iter().zip(counts).map(|(v, c)| v * c).sum(),
                minimum: values.iter().copied().fold(f64::INFINITY, f64::min),
                maximum: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            },
        }
    }
}
