//! The limit of series of a metric: where a new set of labels goes, and what becomes of what is beyond the limit.

use crate::series::{Metric, Series};
use metrics::{GaugeFn, Key, Label};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Where a key that has no series yet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// To a series of its own.
    Own,
    /// To the metric's overflow series.
    Overflow,
    /// Nowhere: its updates are counted and refused.
    Refused,
}

impl Metric {
    /// Admits a new series, or not. Under the lock of the metric's series, so that no two take the last place.
    pub(super) fn admit(&self) -> Admission {
        let series = self.series.load(Ordering::Relaxed);
        if self.policy.max_series.is_none_or(|max| series < max) {
            return Admission::Own;
        }
        match self.kind {
            MetricKind::Counter | MetricKind::Histogram => Admission::Overflow,
            MetricKind::Gauge => Admission::Refused,
        }
    }

    pub(crate) fn count_series(&self) {
        self.series.fetch_add(1, Ordering::Relaxed);
    }

    /// An evicted series frees its place.
    pub(crate) fn uncount_series(&self) {
        self.series.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn drop_sample(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// What was refused for the limit since the last call.
    pub(crate) fn take_dropped(&self) -> u64 {
        match self.dropped.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.dropped.swap(0, Ordering::Relaxed),
        }
    }
}

const OVERFLOW: Label = Label::from_static_parts("overflow", "true");

/// The key of the series that stands for all beyond the limit.
pub(super) fn overflow_key(key: &Key) -> Key {
    Key::from_parts(key.name_shared(), vec![OVERFLOW])
}

/// Whether a series stands for all beyond the limit, or has its labels since the metric came to its limit.
pub(super) fn is_overflow(series: &Series) -> bool {
    series.metric.is_limited.load(Ordering::Relaxed) && series.key().labels().eq([&OVERFLOW])
}

/// The handle of a gauge that has no series: it counts what it drops.
#[derive(Debug)]
pub(super) struct Beyond(pub(super) Arc<Metric>);

impl GaugeFn for Beyond {
    fn increment(&self, _: f64) {
        self.0.drop_sample();
    }

    fn decrement(&self, _: f64) {
        self.0.drop_sample();
    }

    fn set(&self, _: f64) {
        self.0.drop_sample();
    }
}
