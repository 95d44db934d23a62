//! What the user chose for single metrics, and what acts on one of them.
//!
//! | stage | fields of [`MetricSettings`] | resolved by | acts in |
//! |---|---|---|---|
//! | recording | `max_series`, `idle_timeout`, `dropped_labels` | `MetricRules::recording` | `SeriesPolicy::metric` |
//! | a destination's view | none yet; which metrics it takes: `MetricFilter` | `SeriesPolicy::metric`, kept by `NameId` | `view/` |
//! | reduce | `histogram_form` | `MetricRules::data` | `Reducer::value` |
//! | delivery | `guarantee` | `MetricRules::data` | `Packer::push` |

use crate::model::datum_settings::{DatumSettings, HistogramForm};
use crate::model::guarantee::Guarantee;
use crate::settings::matcher::{Matcher, Metric};
use metrics::SharedString;
use std::cmp::Reverse;
use std::time::Duration;

pub(crate) const DEFAULT_MAX_SERIES_PER_METRIC: usize = 5_000;

/// Settings of the metrics that a [`Matcher`] matches, for
/// [`with_metric_settings`](crate::CloudWatchBuilder::with_metric_settings).
///
/// What is not set here is left to matchers that are less specific, and at last to the default that each setter names.
///
/// ```
/// use metrics_exporter_cloudwatch::{Guarantee, MetricSettings};
/// use std::time::Duration;
///
/// let settings = MetricSettings::new()
///     .with_guarantee(Guarantee::AtMostOnce)
///     .with_idle_timeout(Some(Duration::from_secs(600)));
/// # let _ = settings;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "give it to with_metric_settings"]
pub struct MetricSettings {
    max_series: Option<Limit<usize>>,
    idle_timeout: Option<Limit<Duration>>,
    dropped_labels: Option<Vec<SharedString>>,
    histogram_form: Option<HistogramForm>,
    guarantee: Option<Guarantee>,
}

/// None where there is no limit, which is not the same as a limit that is not set.
type Limit<T> = Option<T>;

impl MetricSettings {
    /// Sets nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How histograms are sent: as [`HistogramForm::Distribution`] by default. Means nothing to other metrics.
    pub fn with_histogram_form(mut self, form: HistogramForm) -> Self {
        self.histogram_form = Some(form);
        self
    }

    /// What is to be done with data of which nobody knows whether they arrived: [`Guarantee::AtLeastOnce`] by default.
    /// Metrics that differ in this share no requests. It holds for data that are
    /// [put](crate::CloudWatchHandle::put), too. What a journal brings back keeps what it was written with.
    pub fn with_guarantee(mut self, guarantee: Guarantee) -> Self {
        self.guarantee = Some(guarantee);
        self
    }

    /// How long a series may be idle before it is evicted, zero or more: for ever by default, and if it is none.
    ///
    /// A series is idle while nothing is recorded to it. It is looked at when a window ends, by the exporter's
    /// [clock](crate::CloudWatchBuilder::with_clock). An idle gauge is not sent any more, and an idle series leaves
    /// memory. Nothing is lost: a series that is recorded to again is there again, by the macros or by a handle that
    /// is still held.
    ///
    /// Three kinds of idle series stay in memory, though they are silent: those that a handle is held of; counters
    /// that were ever set to an absolute total, which would be published again; and gauges that were incremented or
    /// decremented and are not at zero, as the next change goes on from there. A gauge that was only ever set is
    /// evicted with its value: should it be incremented later, it begins at zero.
    pub fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// How many series each metric may have at a time, zero or more: 5,000 by default, and without limit if it is none.
    /// A counter and a gauge of one name are two metrics. What is beyond the limit is treated as with
    /// [the limit of all](crate::CloudWatchBuilder::with_max_series), which holds beside it.
    pub fn with_max_series(mut self, series: Option<usize>) -> Self {
        self.max_series = Some(series);
        self
    }

    /// Labels that are left out, by their names, such as a user id; none by default. They take the place of what a less
    /// specific matcher drops: with an empty list all labels are kept. Dimensions of an
    /// [`ExplicitDatum`](crate::ExplicitDatum) stay.
    ///
    /// A dropped label never becomes a series: what differs in it alone shares one series, in which counters and
    /// histograms add up, and of gauges the last update is the last. A new value takes no lock and no memory.
    ///
    /// ```
    /// # use metrics_exporter_cloudwatch::{CloudWatchBuilder, Matcher, MemorySink, MetricSettings};
    /// let settings = MetricSettings::new().with_dropped_labels(["user_id"]);
    /// let (recorder, exporter) = CloudWatchBuilder::new("Shop")
    ///     .with_sink("memory", MemorySink::new())
    ///     .with_metric_settings(Matcher::any(), settings)
    ///     .build()?;
    /// # let _ = (recorder, exporter);
    /// # Ok::<(), metrics_exporter_cloudwatch::BuildError>(())
    /// ```
    pub fn with_dropped_labels<L>(mut self, names: impl IntoIterator<Item = L>) -> Self
    where
        L: Into<SharedString>,
    {
        self.dropped_labels = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// What `later` sets takes the place of what was set here.
    fn update(&mut self, later: Self) {
        let Self {
            max_series,
            idle_timeout,
            dropped_labels,
            histogram_form,
            guarantee,
        } = later;
        self.max_series = max_series.or(self.max_series);
        self.idle_timeout = idle_timeout.or(self.idle_timeout);
        self.dropped_labels = dropped_labels.or(self.dropped_labels.take());
        self.histogram_form = histogram_form.or(self.histogram_form);
        self.guarantee = guarantee.or(self.guarantee);
    }
}

/// All that the user chose by matcher.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetricRules {
    /// The most specific first, each matcher once.
    rules: Vec<(Matcher, MetricSettings)>,
}

/// What acts on one metric as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordingSettings<'a> {
    pub(crate) max_series: Option<usize>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) dropped_labels: &'a [SharedString],
}

impl MetricRules {
    /// A matcher that is there already keeps what `settings` do not set.
    pub(crate) fn set(&mut self, matcher: Matcher, settings: MetricSettings) {
        match self.rules.iter_mut().find(|(known, _)| *known == matcher) {
            Some((_, known)) => known.update(settings),
            None => self.rules.push((matcher, settings)),
        }
        self.rules
            .sort_by_key(|(matcher, _)| Reverse(matcher.specificity()));
    }

    /// Asked once for each name and kind.
    pub(crate) fn recording(&self, metric: &Metric<'_>) -> RecordingSettings<'_> {
        let max_series = self.find(metric, |settings| settings.max_series.as_ref());
        let idle_timeout = self.find(metric, |settings| settings.idle_timeout.as_ref());
        let dropped_labels = self.find(metric, |settings| settings.dropped_labels.as_deref());
        RecordingSettings {
            max_series: *max_series.unwrap_or(&Some(DEFAULT_MAX_SERIES_PER_METRIC)),
            idle_timeout: idle_timeout.copied().flatten(),
            dropped_labels: dropped_labels.unwrap_or_default(),
        }
    }

    /// Asked once for each name and kind, and for each datum that an application puts.
    pub(crate) fn data(&self, metric: &Metric<'_>) -> DatumSettings {
        let histogram_form = self.find(metric, |settings| settings.histogram_form.as_ref());
        let guarantee = self.find(metric, |settings| settings.guarantee.as_ref());
        DatumSettings {
            histogram_form: histogram_form.copied().unwrap_or_default(),
            guarantee: guarantee.copied().unwrap_or_default(),
        }
    }

    /// A field, from the most specific matcher that sets it.
    fn find<'a, T: ?Sized>(
        &'a self,
        metric: &Metric<'_>,
        field: impl Fn(&'a MetricSettings) -> Option<&'a T>,
    ) -> Option<&'a T> {
        let mut matching = self.rules.iter().filter(|rule| rule.0.matches(metric));
        matching.find_map(|(_, settings)| field(settings))
    }
}

#[cfg(test)]
mod tests;
