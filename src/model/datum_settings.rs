//! Of a metric's settings, those that act on its data once they are recorded.

use crate::model::guarantee::Guarantee;

/// How a histogram's window goes to its destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistogramForm {
    /// As a distribution, in the [form](crate::DistributionForm) that the sink takes. To CloudWatch as up to 150 values
    /// and their counts, so that it has percentiles.
    #[default]
    Distribution,
    /// As a statistic set: a tenth of the bytes, and no percentiles.
    StatisticSet,
}

/// An identity carries them, so that no stage looks a name up for each datum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DatumSettings {
    /// Acts in reduce.
    pub(crate) histogram_form: HistogramForm,
    /// Acts in delivery.
    pub(crate) guarantee: Guarantee,
}
