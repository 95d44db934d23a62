//! The limit of series of a metric, and of a recorder: where a new set of labels goes, and what becomes of what is beyond.

use super::cardinality::Cardinality;
use super::dropped::Dropped;
use crate::series::Series;
use crate::sync::AtomicU64;
use metrics::{Key, Label};
use metrics_util::MetricKind;
use once_cell::race::OnceBox;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a key goes that has no series and no place for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// To the metric's overflow series.
    Overflow,
    /// Nowhere: its updates are counted and refused.
    Refused,
}

impl Excess {
    fn of(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter | MetricKind::Histogram => Self::Overflow,
            MetricKind::Gauge => Self::Refused,
        }
    }
}

/// How many series there are and may be, of a metric or of a recorder.
#[derive(Debug)]
pub(crate) struct Count {
    max: Option<usize>,
    series: AtomicUsize,
    /// How often a place became free.
    freed: AtomicU64,
}

impl Count {
    pub(super) fn new(max: Option<usize>) -> Self {
        Self {
            max,
            series: AtomicUsize::new(0),
            freed: AtomicU64::new(0),
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
        // Whoever sees that it is another number finds the place.
        self.freed.fetch_add(1, Ordering::Release);
    }

    pub(super) fn freed(&self) -> u64 {
        self.freed.load(Ordering::Acquire)
    }

    /// Nobody heard that it was taken.
    fn give_back(&self) {
        self.series.fetch_sub(1, Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        let series = self.series.load(Ordering::Relaxed);
        self.max.is_some_and(|max| series >= max)
    }
}

/// The keys that had no place.
#[derive(Debug)]
struct Beyond {
    first: Key,
    keys: Cardinality,
}

/// The places of a metric, and what was refused for want of one.
#[derive(Debug)]
pub(crate) struct SeriesLimit {
    of_metric: Count,
    of_recorder: Arc<Count>,
    dropped: Arc<Dropped>,
    /// None as long as it was never reached.
    beyond: OnceBox<Beyond>,
}

impl SeriesLimit {
    pub(super) fn new(max: Option<usize>, of_recorder: &Arc<Count>) -> Self {
        Self {
            of_metric: Count::new(max),
            of_recorder: Arc::clone(of_recorder),
            dropped: Arc::default(),
            beyond: OnceBox::new(),
        }
    }

    /// Takes a place for a new series, if there is one.
    pub(super) fn admit(&self, kind: MetricKind) -> Result<(), Excess> {
        if self.of_metric.try_take() {
            if self.of_recorder.try_take() {
                return Ok(());
            }
            self.of_metric.give_back();
        }
        Err(Excess::of(kind))
    }

    /// Where a new series would go for want of a place; none if there is one.
    pub(super) fn excess(&self, kind: MetricKind) -> Option<Excess> {
        let is_full = self.of_metric.is_full() || self.of_recorder.is_full();
        is_full.then(|| Excess::of(kind))
    }

    /// Notes a key beyond it. Returns whether this is the first one: for one caller at a time, as the map's lock makes
    /// it, as long as it is not [reached](Self::is_reached).
    pub(super) fn note_beyond(&self, normal: &Key) -> bool {
        let mut is_first = false;
        let beyond = self.beyond.get_or_init(|| {
            is_first = true;
            Box::new(Beyond {
                first: normal.to_retained(),
                keys: Cardinality::new(),
            })
        });
        beyond.keys.add(normal);
        is_first
    }

    pub(super) fn is_reached(&self) -> bool {
        self.beyond.get().is_some()
    }

    /// The first key beyond it.
    pub(super) fn first_beyond(&self) -> Option<&Key> {
        Some(&self.beyond.get()?.first)
    }

    /// About how many different series there were since it was reached, beside those that have a place now; none if
    /// that has not changed since the last call.
    pub(crate) fn wanted(&self) -> Option<u64> {
        let beyond = self.beyond.get()?.keys.estimate()?;
        Some(self.of_metric.series.load(Ordering::Relaxed) as u64 + beyond)
    }

    pub(crate) fn dropped(&self) -> &Arc<Dropped> {
        &self.dropped
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
