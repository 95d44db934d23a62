//! When a series is idle, and which of the idle ones may be forgotten.

use crate::aggregate::{Counter, Gauge, Histogram};
use metrics_util::{MetricKind, MetricKindMask};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long which kinds of series may be idle; for ever by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleTimeout {
    pub(crate) mask: MetricKindMask,
    pub(crate) timeout: Option<Duration>,
}

impl IdleTimeout {
    pub(crate) const NEVER: Self = Self {
        mask: MetricKindMask::NONE,
        timeout: None,
    };
}

/// A drain's time, and what it means for one kind of series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// In milliseconds since 1970, the first of which is 1.
    now: u64,
    timeout: Option<u64>,
}

impl Moment {
    pub(super) fn new(now: SystemTime, idle: IdleTimeout, kind: MetricKind) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let timeout = idle.timeout.filter(|_| idle.mask.matches(kind));
        Self {
            now: millis(since).saturating_add(1),
            timeout: timeout.map(millis),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// When a drain last found something in a series. Only drains touch it.
#[derive(Debug)]
pub(super) struct LastSeen(AtomicU64);

impl LastSeen {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Tells whether the series is idle, by whether anything was found now.
    pub(super) fn is_idle(&self, moment: Moment, is_touched: bool) -> bool {
        let Some(timeout) = moment.timeout else {
            return false;
        };
        let last = self.0.load(Ordering::Relaxed);
        if is_touched || last == 0 || last > moment.now {
            self.0.store(moment.now, Ordering::Relaxed);
            return false;
        }
        moment.now - last >= timeout
    }
}

/// A kind of series, as far as its end is concerned.
pub(super) trait Forgettable {
    /// Whether nothing is lost if it begins anew.
    fn begins_anew(&self) -> bool;
}

impl Forgettable for Counter {
    fn begins_anew(&self) -> bool {
        // A total that was published once would be published again.
        !self.has_total()
    }
}

impl Forgettable for Gauge {
    fn begins_anew(&self) -> bool {
        // An increment goes on from the last value.
        !self.is_relative() || self.last() == 0.0
    }
}

impl Forgettable for Histogram {
    fn begins_anew(&self) -> bool {
        true
    }
}
