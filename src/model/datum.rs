//! A datum as it goes to a sink: what CloudWatch calls `MetricDatum`, with its identity shared.

use crate::model::identity::{Identity, Named, Origin, PER_ALLOCATION};
use crate::model::recorded_buckets::RecordedBuckets;
use crate::model::refusal::{Refusal, Refused};
use crate::model::storage_resolution::StorageResolution;
use crate::model::unit::Unit;
use metrics::{IntoLabels, Key, KeyName, SharedString};
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
    Number(f64),
    /// A summary; CloudWatch has percentiles of it only where all its samples are equal.
    StatisticSet(StatisticSet),
    /// Values, and how often each was recorded.
    Values(Values),
    /// A histogram's buckets, as they were recorded: where the sink [asks](crate::Profile::with_buckets) for them.
    Buckets(RecordedBuckets),
    /// All since a start: where the sink [asks](crate::Profile::with_totals) for totals.
    Total(Box<Total>),
}

/// What a counter or a histogram had from its start up to the [time stamp](Datum::timestamp) of its datum.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    start: SystemTime,
    value: DatumValue,
    pub(crate) begins: bool,
}

impl Total {
    /// Of what was recorded from `start` on, to test a sink with. The value is a number, values, a statistic set or buckets;
    /// a total in a total is not checked for, and no sink knows what to do with it.
    pub fn new(start: SystemTime, value: DatumValue) -> Self {
        Self {
            start,
            value,
            begins: false,
        }
    }

    /// Whether it is the first total with its start: not so by default.
    #[must_use]
    pub fn with_begins(mut self, begins: bool) -> Self {
        self.begins = begins;
        self
    }

    /// When it began. A later total with another start does not go on from this one.
    pub fn start(&self) -> SystemTime {
        self.start
    }

    /// The numbers.
    pub fn value(&self) -> &DatumValue {
        &self.value
    }

    /// Whether it is the first total with its start that the destination gets. The sink sends a zero at the
    /// [start](Self::start) before it: so readers that know no starts see the first increase, too.
    pub fn begins(&self) -> bool {
        self.begins
    }
}

/// Distinct values and how often each was recorded; one at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    pairs: Box<[(f64, f64)]>,
    sum: f64,
}

impl Values {
    /// Of values with their counts, whose samples have this sum; none if there are no values. Values may stand for
    /// others near them, so that the sum of the products is it only within rounding.
    pub fn new(pairs: impl Into<Box<[(f64, f64)]>>, sum: f64) -> Option<Self> {
        let mut pairs = pairs.into();
        pairs.sort_unstable_by(|(one, _), (other, _)| one.total_cmp(other));
        (!pairs.is_empty()).then(|| Self::of_sorted(pairs, sum))
    }

    /// Of one at least.
    pub(crate) fn of_sorted(pairs: impl Into<Box<[(f64, f64)]>>, sum: f64) -> Self {
        let pairs = pairs.into();
        Self { pairs, sum }
    }

    /// Values and counts, by rising value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (f64, f64)> + Clone {
        self.pairs.iter().copied()
    }

    /// All samples added up.
    pub fn sum(&self) -> f64 {
        self.sum
    }
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
        let kind = self.origin.kind();
        Refused::new(kind, self.identity.key(), reason, self.samples)
    }

    /// Bytes of memory, without an identity that a series has anyway.
    #[inline]
    pub(crate) fn memory_len(&self) -> usize {
        let own = size_of::<Self>() + self.identity.own_memory_len();
        match &self.value {
            DatumValue::Number(_) | DatumValue::StatisticSet(_) => own,
            value => own + value.heap_len(),
        }
    }

    /// The total, if it is one.
    pub(crate) fn total(&self) -> Option<&Total> {
        match &self.value {
            DatumValue::Total(total) => Some(total),
            _ => None,
        }
    }

    /// A datum to test a sink with, which counts as one sample.
    pub fn new(
        name: impl Into<SharedString>,
        dimensions: impl IntoLabels,
        timestamp: SystemTime,
        value: DatumValue,
        unit: Option<Unit>,
    ) -> Self {
        let name: SharedString = name.into();
        let key = Key::from_parts(KeyName::from(name), dimensions);
        let identity = Identity::new(Named::Own(Box::new(key)), &Arc::default());
        Self {
            identity: Arc::new(identity),
            origin: Origin::Put,
            timestamp,
            is_by_clock: true,
            samples: 1,
            value,
            unit,
            storage_resolution: StorageResolution::default(),
        }
    }

    /// A number of bytes for name and dimensions in the sink's encoding: what `compute` gave the first time that it
    /// was asked for this identity, which lives as long as its series. So that a sink need not add up the same texts
    /// for each datum. Zero is asked for again.
    ///
    /// Two sinks of different encodings do not disturb each other: each destination has identities of its own, as its
    /// view makes them, and `put` and a journal make one for each datum. Only `PutMetricData` asks. A second encoding that
    /// asks needs a number of its own, as a sink may hand a batch on to two others.
    #[cfg_attr(
        not(feature = "put-metric-data"),
        expect(dead_code, reason = "no other sink asks yet")
    )]
    pub(crate) fn identity_len(&self, compute: impl FnOnce() -> usize) -> usize {
        self.identity.encoded_len(compute)
    }

    /// The metric's name.
    pub fn name(&self) -> &str {
        self.identity.key().name()
    }

    /// The names and values of all dimensions, default ones included, by name: as the sink's
    /// [rules](crate::NameRules) say. By default there are 30 at most. A name has 1–255 ASCII characters, a value
    /// 1–1,024, at least one of them no space; a name does not start with a colon.
    pub fn dimensions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.identity.dimensions()
    }

    /// The start of the window; for a sink that takes [totals](crate::Profile::with_totals) the end, or the time of the flush;
    /// for a [`ExplicitDatum`](crate::ExplicitDatum) its own time.
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
    fn heap_len(&self) -> usize {
        match self {
            Self::Number(_) | Self::StatisticSet(_) => 0,
            Self::Values(values) => size_of_val(&*values.pairs) + PER_ALLOCATION,
            Self::Buckets(buckets) => buckets.memory_len(),
            Self::Total(total) => size_of::<Total>() + PER_ALLOCATION + total.value.heap_len(),
        }
    }

    /// Count, sum and extremes as CloudWatch computes them.
    pub fn statistics(&self) -> StatisticSet {
        match self {
            Self::Number(value) => StatisticSet {
                sample_count: 1.0,
                sum: *value,
                minimum: *value,
                maximum: *value,
            },
            Self::StatisticSet(statistics) => *statistics,
            Self::Values(values) => StatisticSet {
                sample_count: values.iter().map(|(_, count)| count).sum(),
                sum: values.sum,
                minimum: values
                    .pairs
                    .first()
                    .map_or(f64::INFINITY, |(value, _)| *value),
                maximum: values
                    .pairs
                    .last()
                    .map_or(f64::NEG_INFINITY, |(value, _)| *value),
            },
            Self::Buckets(buckets) => buckets.statistics(),
            Self::Total(total) => total.value.statistics(),
        }
    }
}
