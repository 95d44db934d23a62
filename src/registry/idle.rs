//! When a series is idle.

use metrics_util::{MetricKind, MetricKindMask};
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
    /// In milliseconds since 1970.
    now: u64,
    timeout: Option<u64>,
}

impl Moment {
    pub(super) fn new(now: SystemTime, idle: IdleTimeout, kind: MetricKind) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let timeout = idle.timeout.filter(|_| idle.mask.matches(kind));
        Self {
            now: millis(since),
            timeout: timeout.map(millis),
        }
    }

    /// Whether series of this kind may be idle at all.
    pub(super) fn has_timeout(self) -> bool {
        self.timeout.is_some()
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// When a drain last found something in a series, or found it idle: in milliseconds, twice, and one more for idle.
/// There is one of these for each series.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastSeen(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    No,
    /// And it was not long ago that it could not be forgotten.
    Yes,
    /// Time to forget it, if that can be.
    Due,
}

impl LastSeen {
    pub(super) fn new(moment: Moment) -> Self {
        Self::at(moment.now, false)
    }

    fn at(time: u64, is_idle: bool) -> Self {
        Self(time << 1 | u64::from(is_idle))
    }

    /// Tells whether a series is idle, by whether anything was found in it now.
    pub(super) fn look(&mut self, moment: Moment, is_touched: bool) -> Idle {
        let Some(timeout) = moment.timeout else {
            return Idle::No;
        };
        if is_touched {
            *self = Self::new(moment);
            return Idle::No;
        }
        // A clock that was set back begins anew.
        let (since, is_idle) = ((self.0 >> 1).min(moment.now), self.0 & 1 == 1);
        if moment.now - since >= timeout {
            *self = Self::at(moment.now, true);
            return Idle::Due;
        }
        *self = Self::at(since, is_idle);
        if is_idle { Idle::Yes } else { Idle::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_forgotten_is_due_once_a_timeout() {
        let moment = |now| Moment {
            now,
            timeout: Some(10),
        };
        let mut last_seen = LastSeen::new(moment(100));
        let mut look = |now, is_touched| last_seen.look(moment(now), is_touched);
        assert_eq!(look(109, false), Idle::No);
        assert_eq!(look(111, false), Idle::Due);
        assert_eq!(look(120, false), Idle::Yes);
        assert_eq!(look(121, false), Idle::Due);
        assert_eq!(look(50, false), Idle::Yes, "the clock was set back");
        assert_eq!(look(59, false), Idle::Yes);
        assert_eq!(look(60, false), Idle::Due);
        assert_eq!(look(61, true), Idle::No);
        assert_eq!(look(70, false), Idle::No);
        assert_eq!(look(71, false), Idle::Due);
    }
}
