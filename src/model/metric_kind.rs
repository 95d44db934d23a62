//! The facade's three kinds of metrics.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Recorded by `counter!`.
    Counter,
    /// Recorded by `gauge!`.
    Gauge,
    /// Recorded by `histogram!`.
    Histogram,
}

impl MetricKind {
    /// Not a `From`, which would be public with the type of another crate.
    pub(crate) fn of(kind: metrics_recording::MetricKind) -> Self {
        match kind {
            metrics_recording::MetricKind::Counter => Self::Counter,
            metrics_recording::MetricKind::Gauge => Self::Gauge,
            metrics_recording::MetricKind::Histogram => Self::Histogram,
        }
    }
}
