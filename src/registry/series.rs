//! A series: an aggregate, and all that is known of it from its first use on.

use super::identity::{Defaults, Identity};
use crate::refusal::Refusal;
use metrics::{Key, Unit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

#[derive(Debug)]
pub(crate) struct Series<A> {
    pub(crate) key: Key,
    /// Or why nothing recorded here can be sent.
    pub(crate) identity: Result<Arc<Identity>, Refusal>,
    pub(crate) description: Arc<Description>,
    pub(crate) aggregate: A,
}

impl<A> Series<A> {
    pub(crate) fn new(
        key: Key,
        defaults: &Defaults,
        description: Arc<Description>,
        aggregate: A,
    ) -> Self {
        Self {
            identity: Identity::resolve(&key, defaults).map(Arc::new),
            key,
            description,
            aggregate,
        }
    }
}

/// What `describe_*` said of a metric; shared by all its series, whichever came first.
#[derive(Debug)]
pub(crate) struct Description {
    unit: AtomicU8,
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
        }
    }

    pub(crate) fn unit(&self) -> Option<Unit> {
        UNITS
            .get(usize::from(self.unit.load(Ordering::Relaxed)))
            .copied()
    }

    /// Sets the unit and gives the one before.
    pub(crate) fn set_unit(&self, unit: Unit) -> Option<Unit> {
        let before = self.unit.swap(unit as u8, Ordering::Relaxed);
        UNITS.get(usize::from(before)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_kept_as_it_was_set() {
        let description = Description::new();
        let mut before = description.unit();
        assert_eq!(before, None);
        for unit in UNITS {
            assert_eq!(description.set_unit(unit), before);
            assert_eq!(description.unit(), Some(unit));
            before = Some(unit);
        }
    }
}
