//! What the log says when there is no room for more series, or for more metrics.

use crate::model::cut::{MAX_SHOWN, cut};
use crate::model::metric_kind::MetricKind;
use crate::view::SeriesPolicy;
use metrics::KeyName;
use metrics_recording::Event;

/// Says it if that is what a snapshot tells.
#[inline]
pub(crate) fn say_limit(event: &Event<'_>, policy: &SeriesPolicy) {
    match event {
        Event::SeriesLimitReached {
            name,
            label,
            wanted,
        } => say_series_limit(policy.name(*name), *label, *wanted),
        Event::NameLimitReached { kind, name } => say_name_limit(MetricKind::of(*kind), name),
        _ => {}
    }
}

/// Once for each metric and each power of ten.
#[cold]
fn say_series_limit(
    metric: Option<(MetricKind, KeyName)>,
    label: Option<(&str, usize)>,
    wanted: u64,
) {
    let Some((kind, name)) = metric else {
        return;
    };
    let (label, values) = label.unwrap_or(("none", 0));
    tracing::warn!(
        metric = &*cut(name.as_str(), MAX_SHOWN),
        ?kind,
        label = &*cut(label, MAX_SHOWN),
        values,
        wanted,
        "a metric has no room for more series; new ones go to the series with overflow=\"true\", or are refused"
    );
}

#[cold]
fn say_name_limit(kind: MetricKind, name: &KeyName) {
    tracing::warn!(
        metric = &*cut(name.as_str(), MAX_SHOWN),
        ?kind,
        "there is no room for more metrics; what is recorded to other names is refused"
    );
}
