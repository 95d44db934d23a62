//! The limit of series of a metric: where a new set of labels goes, and what becomes of what is beyond the limit.

use crate::series::{Metric, Series};
use metrics::{GaugeFn, Key, Label};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

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

/// How many series a metric has and may have, and what was refused for it.
#[derive(Debug)]
pub(crate) struct SeriesLimit {
    max: Option<usize>,
    series: AtomicUsize,
    dropped: AtomicU64,
    is_reached: AtomicBool,
}

impl SeriesLimit {
    pub(super) fn new(max: Option<usize>) -> Self {
        Self {
            max,
            series: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            is_reached: AtomicBool::new(false),
        }
    }

    /// Admits a new series, or not. Under the lock of the metric's series, so that no two take the last place.
    pub(super) fn admit(&self, kind: MetricKind) -> Admission {
        let series = self.series.load(Ordering::Relaxed);
        if self.max.is_none_or(|max| series < max) {
            return Admission::Own;
        }
        match kind {
            MetricKind::Counter | MetricKind::Histogram => Admission::Overflow,
            MetricKind::Gauge => Admission::Refused,
        }
    }

    /// Whether this is the first time that it is reached.
    pub(super) fn reach(&self) -> bool {
        !self.is_reached.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::Relaxed)
    }

    pub(super) fn drop_sample(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// What was refused since the last call.
    pub(crate) fn take_dropped(&self) -> u64 {
        match self.dropped.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.dropped.swap(0, Ordering::Relaxed),
        }
    }
}

/// A series takes its place when it is made, and when it comes back after it was evicted. The overflow series needs none.
pub(crate) fn take_place(series: &Series) {
    if !series.is_overflow {
        series.metric.limit.series.fetch_add(1, Ordering::Relaxed);
    }
}

/// A series frees its place when it is evicted.
pub(crate) fn free_place(series: &Series) {
    if !series.is_overflow {
        series.metric.limit.series.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The key of the series that stands for all beyond the limit.
pub(super) fn overflow_key(key: &Key) -> Key {
    const OVERFLOW: Label = Label::from_static_parts("overflow", "true");
    Key::from_parts(key.name_shared(), vec![OVERFLOW])
}

/// The handle of a gauge that has no series: it counts what it drops.
#[derive(Debug)]
pub(super) struct Beyond(pub(super) Arc<Metric>);

impl GaugeFn for Beyond {
    fn increment(&self, _: f64) {
        self.0.limit.drop_sample();
    }

    fn decrement(&self, _: f64) {
        self.0.limit.drop_sample();
    }

    fn set(&self, _: f64) {
        self.0.limit.drop_sample();
    }
}
