//! What an application says.

use super::check::whole;
use crate::model::datum::StatisticSet;
use crate::model::storage_resolution::StorageResolution;
use crate::model::unit::Unit;
use metrics::{Label, SharedString};
use std::time::SystemTime;

/// A datum of an application's own making, for [`put`](crate::CloudWatchHandle::put).
///
/// ```
/// use metrics_exporter_cloudwatch::{ExplicitDatum, Unit};
/// use std::time::{Duration, SystemTime};
///
/// let datum = ExplicitDatum::value("latency", 11.25)
///     .with_unit(Unit::Milliseconds)
///     .with_dimension("route", "/cart")
///     .with_timestamp(SystemTime::now() - Duration::from_secs(30));
/// # let _ = datum;
/// ```
#[derive(Clone, Debug)]
#[must_use = "it goes nowhere unless it is put"]
pub struct ExplicitDatum {
    pub(crate) name: SharedString,
    pub(crate) dimensions: Vec<Label>,
    pub(crate) value: Explicit,
    pub(crate) unit: Option<Unit>,
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) storage_resolution: Option<StorageResolution>,
}

/// As the application gave it, not checked yet.
#[derive(Clone, Debug)]
pub(crate) enum Explicit {
    Number(f64),
    StatisticSet(StatisticSet),
    /// And counts.
    Values(Vec<f64>, Vec<f64>),
}

impl ExplicitDatum {
    /// One sample.
    pub fn value(name: impl Into<SharedString>, value: f64) -> Self {
        Self::new(name.into(), Explicit::Number(value))
    }

    /// Distinct values, up to 150 or as many as the sink [takes](crate::Profile::with_max_values), and how often there was
    /// each: above zero, not necessarily whole.
    pub fn values(name: impl Into<SharedString>, values: &[f64], counts: &[f64]) -> Self {
        let (values, counts) = (values.into(), counts.into());
        Self::new(name.into(), Explicit::Values(values, counts))
    }

    /// A summary of samples.
    pub fn statistic(name: impl Into<SharedString>, statistics: StatisticSet) -> Self {
        Self::new(name.into(), Explicit::StatisticSet(statistics))
    }

    fn new(name: SharedString, value: Explicit) -> Self {
        Self {
            name,
            dimensions: Vec::new(),
            value,
            unit: None,
            timestamp: None,
            storage_resolution: None,
        }
    }

    /// How many samples it stands for; zero, if that is no number.
    pub(crate) fn samples(&self) -> u64 {
        match &self.value {
            Explicit::Number(_) => 1,
            Explicit::StatisticSet(set) => whole(set.sample_count),
            Explicit::Values(_, counts) => whole(counts.iter().sum()),
        }
    }

    /// The unit; none by default.
    pub fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Adds a dimension. Default dimensions are added as for all metrics: one of the same name gives
    /// way, and an empty value takes it away.
    pub fn with_dimension(
        mut self,
        name: impl Into<SharedString>,
        value: impl Into<SharedString>,
    ) -> Self {
        self.dimensions.push(Label::new(name, value));
        self
    }

    /// When it was, from two weeks back to two hours ahead; the time of the put by default.
    pub fn with_timestamp(mut self, timestamp: SystemTime) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// How fine CloudWatch stores it; as the exporter's other data by default.
    pub fn with_storage_resolution(mut self, resolution: StorageResolution) -> Self {
        self.storage_resolution = Some(resolution);
        self
    }
}
