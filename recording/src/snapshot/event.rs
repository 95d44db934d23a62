//! What a snapshot tells.

use crate::aggregate::Value;
use crate::refusal_reason::RefusalReason;
use crate::series::{NameId, Series, SeriesId};
use metrics::KeyName;
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::SystemTime;

/// One thing that a [`Snapshotter`](crate::Snapshotter) tells.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A series gained something.
    Point(Point<'a>),
    /// A series was idle for its timeout. What a consumer keeps for this id can go. The series may come back under another
    /// generation, if somebody holds a handle, if it is a counter with a total, or an incremented gauge that is not at
    /// zero.
    Evicted(SeriesId),
    /// A metric has no room for more series, as it has as many as it may have, or all metrics together have. Told once for
    /// each metric, and again whenever it would have ten times as many as when it was last told.
    SeriesLimitReached {
        /// The metric.
        name: NameId,
        /// The label of the metric that has most values, and how many; none if its series have no labels.
        label: Option<(&'a str, usize)>,
        /// About how many different series the metric has had since it came to its limit, those that have a place now
        /// included; within some 10 %.
        wanted: u64,
    },
    /// There is no room for more metrics. Told once, with the first metric that had none.
    NameLimitReached {
        /// Counter, gauge or histogram.
        kind: MetricKind,
        /// The name.
        name: &'a KeyName,
    },
    /// Samples that are in no point, now or later.
    Refused {
        /// The kind of the metric.
        kind: MetricKind,
        /// The metric; none where there are [too many](RefusalReason::NameLimit).
        name: Option<NameId>,
        /// The series; none where there is no series for them.
        series: Option<&'a Arc<Series>>,
        /// Why.
        reason: RefusalReason,
        /// How many: a counter's increments added up, a histogram's samples, a gauge's updates.
        samples: u64,
    },
}

/// What one series gained.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Point<'a> {
    /// The series, to keep something for it until it is evicted.
    pub id: SeriesId,
    /// Its metric: name and kind.
    pub name: NameId,
    /// The series itself.
    pub series: &'a Arc<Series>,
    /// The time in which it was recorded. What was recorded while the snapshot was being taken may be in it, too.
    pub covers: Interval,
    /// What was recorded.
    pub value: Value<'a>,
    /// How much was recorded: a counter's growth, a histogram's samples, one for a gauge.
    pub samples: u64,
}

/// From the snapshot before to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interval {
    /// When the previous snapshot looked at the series, or at others before this one was there; at first, the start of
    /// the recorder. Never after the end.
    pub start: SystemTime,
    /// The time of this snapshot.
    pub end: SystemTime,
}
