//! A series and a metric, as the rest of the world knows them.

use crate::recording_policy::MetricPolicy;
use crate::registry::SeriesLimit;
use metrics::{Key, Unit};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The number of a metric, which is a name and a kind: dense from 0 in the order in which they are first registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub(crate) u32);

impl NameId {
    /// The number, to index settings by.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Identifies a series, among all that a [`Snapshotter`](crate::Snapshotter) ever visits.
///
/// Once a series is [evicted](crate::Event::Evicted), its index may go to another series, or to the same one if it
/// comes back. The generation is another one then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct SeriesId {
    /// Dense from 0: smaller than the greatest number of series that there were at a time.
    pub index: u32,
    /// How often the index was evicted before.
    pub generation: u32,
}

impl SeriesId {
    pub(crate) fn next_generation(self) -> Self {
        Self {
            generation: self.generation.wrapping_add(1),
            ..self
        }
    }
}

/// One metric name, kind and set of labels.
#[derive(Debug)]
pub struct Series {
    key: Key,
    pub(crate) metric: Arc<Metric>,
    /// Whether it stands for all series beyond the metric's limit.
    pub(crate) is_overflow: bool,
}

impl Series {
    pub(crate) fn new(key: Key, metric: Arc<Metric>, is_overflow: bool) -> Self {
        Self {
            key,
            metric,
            is_overflow,
        }
    }

    /// The name, and the labels as the [policy](crate::RecordingPolicy::normalize) made them.
    #[inline]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Counter, gauge or histogram.
    #[inline]
    pub fn kind(&self) -> MetricKind {
        self.metric.kind
    }

    /// The number of its name and kind.
    #[inline]
    pub fn name_id(&self) -> NameId {
        self.metric.id
    }

    /// The unit, once `describe_counter!` or the like has said one. It may come late, and it may change.
    #[inline]
    pub fn unit(&self) -> Option<Unit> {
        self.metric.description.unit()
    }
}

/// What all series of one name and kind share.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) id: NameId,
    pub(crate) kind: MetricKind,
    pub(crate) policy: MetricPolicy,
    pub(crate) description: Arc<Description>,
    pub(crate) limit: SeriesLimit,
}

/// What `describe_*` said of a metric, whether before or after its first series.
#[derive(Debug)]
pub(crate) struct Description {
    unit: AtomicU8,
    has_changed: AtomicBool,
}

const UNITS: [Unit; 17] = [
    Unit::Count,
    Unit::Percent,
    Unit::Seconds,
    Unit::Milliseconds,
    Unit::Microseconds,
    Unit::Nanoseconds,
    Unit::Tebibytes,
    Unit::Gibibytes,
    Unit::Mebibytes,
    Unit::Kibibytes,
    Unit::Bytes,
    Unit::TerabitsPerSecond,
    Unit::GigabitsPerSecond,
    Unit::MegabitsPerSecond,
    Unit::KilobitsPerSecond,
    Unit::BitsPerSecond,
    Unit::CountPerSecond,
];
const NO_UNIT: u8 = u8::MAX;

impl Description {
    pub(crate) fn new() -> Self {
        Self {
            unit: AtomicU8::new(NO_UNIT),
            has_changed: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn unit(&self) -> Option<Unit> {
        UNITS
            .get(usize::from(self.unit.load(Ordering::Relaxed)))
            .copied()
    }

    /// Sets the unit. Returns the unit before if it changes, for the first time.
    pub(crate) fn set_unit(&self, unit: Unit) -> Option<Unit> {
        if self.unit.load(Ordering::Relaxed) == unit as u8 {
            return None;
        }
        let before = self.unit.swap(unit as u8, Ordering::Relaxed);
        let before = UNITS.get(usize::from(before)).copied()?;
        (before != unit && !self.has_changed.swap(true, Ordering::Relaxed)).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_kept_as_it_was_set() {
        let description = Description::new();
        assert_eq!(description.unit(), None);
        for (position, unit) in UNITS.into_iter().enumerate() {
            // Only the first change is news.
            let news = (position == 1).then_some(UNITS[0]);
            assert_eq!(description.set_unit(unit), news);
            assert_eq!(description.set_unit(unit), None);
            assert_eq!(description.unit(), Some(unit));
        }
    }
}
