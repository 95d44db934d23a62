//! What a sink takes.

use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES, MAX_VALUES_PER_DATUM};
use crate::model::name_rules::NameRules;

/// What a [`Sink`](crate::Sink) takes at a time, and in what form. By default what `PutMetricData` takes: 1,000 data and
/// 1,000,000 bytes, 150 values of a histogram, its [names](NameRules); and it confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(crate) max_data: usize,
    pub(crate) max_bytes: usize,
    distributions: DistributionForm,
    names: NameRules,
    pub(crate) confirms: Confirms,
    temporality: Temporality,
}

/// How a histogram goes to a sink where the user wants its [distribution](crate::HistogramForm::Distribution).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DistributionForm {
    /// As at most so many distinct [`Values`](crate::Values) and their counts. More are merged; count, sum, minimum and
    /// maximum stay.
    Values(usize),
    /// As [buckets](crate::RecordedBuckets), as they were recorded: nothing is merged or scaled.
    Buckets,
}

/// Which time the numbers of counters and histograms are of. OTLP calls it so, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Temporality {
    /// Of the window: what was recorded in it.
    #[default]
    Delta,
    /// Of all the time since a start: [totals](crate::Total), which only rise.
    Cumulative,
}

/// What it means that a batch was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Confirms {
    /// The destination said that it has the data: they are delivered.
    Stored,
    /// Nobody says what becomes of them: they are handed over.
    Nothing,
}

impl Profile {
    /// How many data a batch may have: 1 at least.
    #[must_use]
    pub const fn with_max_data(mut self, data: usize) -> Self {
        self.max_data = if data == 0 { 1 } else { data };
        self
    }

    /// How many bytes a batch may have by [`added_len`](crate::Sink::added_len). A datum that has more by itself is
    /// sent alone.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many distinct values a histogram may have: 3 at least, 150 by default. More are merged; count, sum, minimum
    /// and maximum stay. What an application [puts](crate::ExplicitDatum::values) is refused if it has more.
    #[must_use]
    pub const fn with_max_values(mut self, values: usize) -> Self {
        let values = if values < 3 { 3 } else { values };
        self.distributions = DistributionForm::Values(values);
        self
    }

    /// Takes histograms as [buckets](crate::RecordedBuckets), as they were recorded, instead of values. What an
    /// application [puts](crate::ExplicitDatum::values) comes as values all the same, as many as it has.
    #[must_use]
    pub const fn with_buckets(mut self) -> Self {
        self.distributions = DistributionForm::Buckets;
        self
    }

    /// Which names it takes.
    #[must_use]
    pub const fn with_name_rules(mut self, names: NameRules) -> Self {
        self.names = names;
        self
    }

    /// What it means that a batch was sent.
    #[must_use]
    pub const fn with_confirmation(mut self, confirms: Confirms) -> Self {
        self.confirms = confirms;
        self
    }

    /// Takes counters and histograms as [totals](crate::Total) since a start, instead of what each window had: for
    /// destinations that compute increases themselves, as those of OTLP and Prometheus do.
    ///
    /// - Each series has a start, in this process. The first total with a start is [marked](crate::Total::begins): the sink
    ///   sends a zero at the start before it, so that readers see the first increase.
    /// - A series has a total in every window, whether it rose or not, and after a flush if it rose before. A series that
    ///   was idle for its [timeout](crate::MetricSettings::with_idle_timeout) has a new start when it comes back.
    /// - Totals and gauges are stamped with the end of the window, or the time of the flush, instead of the window's
    ///   start. The time of totals only rises. It is not corrected for
    ///   [clock skew](crate::CloudWatchBuilder::with_clock_skew_correction), while that of gauges is.
    /// - Batches come in order: one is sent when all windows before are settled. So the totals of each series do, too.
    /// - A total can be sent twice without harm, so that [`Guarantee`](crate::Guarantee) does not apply.
    /// - A total that is refused or dropped loses no sample: the next total with the same start has them. Until then they
    ///   are pending, in the report of a flush that waited for it, too; its refusal is listed with 0 samples. They are
    ///   refused or dropped if the series is evicted, or the exporter ends, before the next total arrives.
    ///
    /// Gauges stay what they are. What an application [puts](crate::ExplicitDatum) is in no total.
    #[must_use]
    pub const fn with_totals(mut self) -> Self {
        self.temporality = Temporality::Cumulative;
        self
    }

    /// Which time the numbers of counters and histograms are of.
    pub const fn temporality(&self) -> Temporality {
        self.temporality
    }

    /// How many data a batch may have.
    pub const fn max_data(&self) -> usize {
        self.max_data
    }

    /// How many bytes a batch may have by [`added_len`](crate::Sink::added_len).
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// How a histogram's distribution goes.
    pub const fn distribution_form(&self) -> DistributionForm {
        self.distributions
    }

    /// How many distinct values a datum may have; none if there is no limit, as where histograms go as buckets.
    pub const fn max_values(&self) -> Option<usize> {
        match self.distributions {
            DistributionForm::Values(most) => Some(most),
            DistributionForm::Buckets => None,
        }
    }

    /// Which names it takes.
    pub const fn name_rules(&self) -> &NameRules {
        &self.names
    }

    /// What it means that a batch was sent.
    pub const fn confirmation(&self) -> Confirms {
        self.confirms
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            max_data: MAX_DATA_PER_REQUEST,
            max_bytes: MAX_REQUEST_BYTES,
            distributions: DistributionForm::Values(MAX_VALUES_PER_DATUM),
            names: NameRules::default(),
            confirms: Confirms::Stored,
            temporality: Temporality::Delta,
        }
    }
}
