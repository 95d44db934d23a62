//! What an exporter decides about recording.

use crate::registry::Projection;
use crate::series::NameId;
use metrics::{Key, Metadata, SharedString};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::Duration;

/// What acts while metrics are recorded. Implement it to change the defaults; `()` has them all.
///
/// ```
/// use metrics_recording::{MetricKind, MetricPolicy, NameId, Recorder, RecordingPolicy};
/// use std::time::{Duration, SystemTime};
///
/// struct Policy;
///
/// impl RecordingPolicy for Policy {
///     fn metric(
///         &self,
///         _: NameId,
///         _: MetricKind,
///         key: &metrics::Key,
///         _: &metrics::Metadata<'_>,
///     ) -> MetricPolicy {
///         if key.name().starts_with("debug.") {
///             return MetricPolicy::disabled();
///         }
///         MetricPolicy::default()
///             .with_max_series(Some(1_000))
///             .with_idle_timeout(Some(Duration::from_secs(600)))
///     }
/// }
///
/// let (recorder, snapshotter) = Recorder::new(Policy, SystemTime::now());
/// # let _ = (recorder, snapshotter);
/// ```
pub trait RecordingPolicy: Send + Sync + 'static {
    /// Asked once for each name and kind, when `key` is the first to be registered.
    ///
    /// A lock is held meanwhile: it must not record or register metrics.
    fn metric(
        &self,
        id: NameId,
        kind: MetricKind,
        key: &Key,
        metadata: &Metadata<'_>,
    ) -> MetricPolicy {
        let _ = (id, kind, key, metadata);
        MetricPolicy::default()
    }

    /// How many series all metrics may have together at a time; without limit by default. Asked once. What is beyond it is
    /// as what is beyond [a metric's own limit](MetricPolicy::with_max_series).
    fn max_series(&self) -> Option<usize> {
        None
    }

    /// How many metrics there may be, each a name and a kind; without limit by default. Asked once.
    ///
    /// What is recorded to metrics beyond it is [refused](crate::RefusalReason::NameLimit), as each would have an overflow
    /// series of its own. Metrics stay known for good, even if all their series are evicted. Those that the policy disables
    /// do not count; there may be as many of them, and once there are too many of either the policy is not asked any more.
    /// Of each kind, as many names in all may be described without being recorded to.
    fn max_names(&self) -> Option<usize> {
        None
    }

    /// The key that stands for `key`, if it is another one. Two keys with the same answer share a series, so that labels
    /// that say nothing never split one. By default each key stands for itself.
    ///
    /// Asked when a key is looked up that the recorder does not know yet, or has no room to remember. The same key must
    /// always get the same answer, and the answer, if it is asked about, itself. An answer with another name is ignored.
    /// [Dropped labels](MetricPolicy::with_dropped_labels) are left out before.
    fn normalize(&self, key: &Key) -> Option<Key> {
        let _ = key;
        None
    }
}

impl RecordingPolicy for () {}

impl<P: RecordingPolicy + ?Sized> RecordingPolicy for Arc<P> {
    fn metric(
        &self,
        id: NameId,
        kind: MetricKind,
        key: &Key,
        metadata: &Metadata<'_>,
    ) -> MetricPolicy {
        (**self).metric(id, kind, key, metadata)
    }

    fn max_series(&self) -> Option<usize> {
        (**self).max_series()
    }

    fn max_names(&self) -> Option<usize> {
        (**self).max_names()
    }

    fn normalize(&self, key: &Key) -> Option<Key> {
        (**self).normalize(key)
    }
}

/// What a [`RecordingPolicy`] answers for one name and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPolicy {
    pub(crate) is_enabled: bool,
    pub(crate) max_series: Option<usize>,
    pub(crate) projection: Option<Projection>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) period: Duration,
}

impl MetricPolicy {
    /// The metric is not recorded: its handles do nothing.
    pub fn disabled() -> Self {
        Self {
            is_enabled: false,
            ..Self::default()
        }
    }

    /// How many series the metric may have at a time; without limit by default.
    ///
    /// Beyond the limit, increments and samples of new series go to one series more, which has the label
    /// `overflow="true"` alone. Updates of gauges, and totals of counters, mean nothing in a sum: they are
    /// [refused](crate::RefusalReason::SeriesLimit).
    ///
    /// A series that is evicted frees its place for the next key that has none. Handles that are held stay with what they
    /// have: the overflow series, or nothing. An evicted series that is held takes a place again when it comes back,
    /// though there may be none.
    #[must_use]
    pub fn with_max_series(mut self, series: Option<usize>) -> Self {
        self.max_series = series;
        self
    }

    /// The names of labels that are left out, such as a user id: a key with them is as the key without them, and so is its
    /// series. All labels are kept by default. A thread finds the series of such a key in its own memory, whatever values
    /// these labels have. Of a gauge, the last update of all is the last. The label of the overflow series stays.
    #[must_use]
    pub fn with_dropped_labels<L>(mut self, names: impl IntoIterator<Item = L>) -> Self
    where
        L: Into<SharedString>,
    {
        self.projection = Projection::new(names.into_iter().map(Into::into).collect());
        self
    }

    /// How long a series may be idle before it is [evicted](crate::Event::Evicted), by the time that snapshots are given;
    /// for ever by default. With zero it is evicted by the first snapshot that finds nothing in it.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How often the series are due, for [`Snapshotter::visit`](crate::Snapshotter::visit); a minute by default.
    #[must_use]
    pub fn with_period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }
}

impl Default for MetricPolicy {
    fn default() -> Self {
        Self {
            is_enabled: true,
            max_series: None,
            projection: None,
            idle_timeout: None,
            period: Duration::from_mins(1),
        }
    }
}
