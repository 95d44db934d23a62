//! A series: an aggregate, and all that is known of it from its first use on.

use super::identity::Identity;
use crate::aggregate::Aggregate;
use crate::dimension::Dimensions;
use metrics::{Key, Unit};
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// What a drain looks at first comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Series<A> {
    pub(crate) aggregate: A,
    pub(crate) identity: Arc<Identity>,
    pub(crate) description: Arc<Description>,
}

impl<A> Series<A> {
    pub(crate) fn new(
        key: Key,
        defaults: &Arc<Dimensions>,
        description: Arc<Description>,
        aggregate: A,
    ) -> Self {
        Self {
            identity: Arc::new(Identity::new(key, defaults, true)),
            description,
            aggregate,
        }
    }

    /// Reads what a drain needs, to no other purpose.
    pub(super) fn fetch(&self)
    where
        A: Aggregate,
    {
        hint::black_box((self.identity.encoded_len(), self.aggregate.has_lanes()));
    }
}

/// What `describe_*` said of a metric; shared by all its series, whichever came first.
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

    pub(crate) fn unit(&self) -> Option<Unit> {
        UNITS
            .get(usize::from(self.unit.load(Ordering::Relaxed)))
            .copied()
    }

    /// Sets the unit; gives the one before when it changes for the first time.
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
