//! The limit of series of a metric, and of a recorder: where a new set of labels goes, and what becomes of what is beyond.

use crate::series::{Metric, Series};
use crate::sync::AtomicU64;
use metrics::{GaugeFn, Key, Label};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// How many series there are and may be, of a metric or of a recorder.
#[derive(Debug)]
pub(crate) struct Count {
    max: Option<usize>,
    series: AtomicUsize,
}

impl Count {
    pub(super) fn new(max: Option<usize>) -> Self {
        Self {
            max,
            series: AtomicUsize::new(0),
        }
    }

    /// Takes a place, if one is free.
    fn try_take(&self) -> bool {
        let one_more = |series| {
            self.max
                .is_none_or(|max| series < max)
                .then_some(series + 1)
        };
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.series.fetch_update(set, fetch, one_more).is_ok()
    }

    fn take(&self) {
        self.series.fetch_add(1, Ordering::Relaxed);
    }

    fn free(&self) {
        self.series.fetch_sub(1, Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        let series = self.series.load(Ordering::Relaxed);
        self.max.is_some_and(|max| series >= max)
    }
}

/// The places of a metric, and what was refused for want of one.
#[derive(Debug)]
pub(crate) struct SeriesLimit {
    of_metric: Count,
    of_recorder: Arc<Count>,
    dropped: AtomicU64,
    is_reached: AtomicBool,
}

impl SeriesLimit {
    pub(super) fn new(max: Option<usize>, of_recorder: &Arc<Count>) -> Self {
        Self {
            of_metric: Count::new(max),
            of_recorder: Arc::clone(of_recorder),
            dropped: AtomicU64::new(0),
            is_reached: AtomicBool::new(false),
        }
    }

    /// Admits a new series, which has its place then, or not.
    pub(super) fn admit(&self, kind: MetricKind) -> Admission {
        if self.of_metric.try_take() {
            if self.of_recorder.try_take() {
                return Admission::Own;
            }
            self.of_metric.free();
        }
        Self::beyond(kind)
    }

    /// Where a new series would go without a place; none if there is a place.
    pub(super) fn is_beyond(&self, kind: MetricKind) -> Option<Admission> {
        let is_full = self.of_metric.is_full() || self.of_recorder.is_full();
        is_full.then(|| Self::beyond(kind))
    }

    fn beyond(kind: MetricKind) -> Admission {
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

/// A series that comes back after it was evicted takes a place again, though there may be none. The overflow series needs
/// none.
pub(crate) fn take_place(series: &Series) {
    if !series.is_overflow {
        series.metric.limit.of_metric.take();
        series.metric.limit.of_recorder.take();
    }
}

/// A series frees its place when it is evicted.
pub(crate) fn free_place(series: &Series) {
    if !series.is_overflow {
        series.metric.limit.of_metric.free();
        series.metric.limit.of_recorder.free();
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
