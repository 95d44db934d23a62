//! What time it is for the destination, as far as that is known: which data are too old, or too far ahead.
//!
//! The local clock alone may have jumped: set ahead by mistake, or set right at last. What passed since a time that is
//! known, by a clock that only runs forward, cannot be less than that clock says. It can be more, as that clock stands still
//! while a machine is suspended. So data are refused for their age only if even the least time that it can be says so.
//! Until then an attempt asks the service.

use crate::limits::{self, TimestampFault};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(crate) struct BestClock {
    /// What it showed, and when.
    showed: SystemTime,
    at: Instant,
    /// Whether that was the service's clock, not the exporter's.
    is_told: bool,
}

/// Earlier than any clock shows that is right: this crate was written later.
const EARLIEST: Duration = Duration::from_hours(24 * 20_089); // 2025-01-01
/// Later than any clock shows that is right: thirty years on.
const LATEST: Duration = Duration::from_hours(24 * 31_046); // 2055-01-01
/// A window's data have the stamp of its start, which is so much earlier at most.
pub(crate) const LONGEST_WINDOW: Duration = Duration::from_hours(1);

/// Whether a clock may be right that shows this.
pub(crate) fn is_plausible(shows: SystemTime) -> bool {
    let earliest = SystemTime::UNIX_EPOCH + EARLIEST;
    (earliest..SystemTime::UNIX_EPOCH + LATEST).contains(&shows)
}

/// The time by which the destination judges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TheirTime {
    pub(crate) at_least: SystemTime,
    at_most: SystemTime,
}

impl BestClock {
    /// Nothing is known but what the exporter's clock shows.
    pub(crate) fn ours(shows: SystemTime) -> Self {
        Self {
            showed: shows,
            at: Instant::now(),
            is_told: false,
        }
    }

    /// The service's clock shows this now, or showed it seconds ago.
    pub(crate) fn told(shows: SystemTime) -> Self {
        Self {
            is_told: true,
            ..Self::ours(shows)
        }
    }

    /// What it shows now, if the machine was not suspended since: at least.
    pub(crate) fn shows(&self) -> SystemTime {
        let since = self.showed.checked_add(self.at.elapsed());
        since.unwrap_or(self.showed)
    }

    /// The destination's time, if the exporter's clock, corrected, shows `ours`.
    pub(crate) fn theirs(&self, ours: SystemTime) -> TheirTime {
        let shows = self.shows();
        if self.is_told {
            TheirTime {
                at_least: shows,
                at_most: shows.max(ours),
            }
        } else {
            // A clock that was set back was most likely set right. One that was never set tells nothing of what is ahead.
            let at_most = if is_plausible(ours) {
                ours
            } else {
                ours.max(SystemTime::UNIX_EPOCH + LATEST)
            };
            TheirTime {
                at_least: shows.min(ours),
                at_most,
            }
        }
    }

    /// Whether nobody knows how old a stamp of the exporter's clock is: an earlier process gave it, by a clock that may have
    /// been set since, and the service has not answered this one.
    pub(crate) fn is_unsure_of(&self, stamp: SystemTime) -> bool {
        let start = self.showed.checked_sub(LONGEST_WINDOW);
        !self.is_told && start.is_some_and(|start| stamp < start)
    }
}

impl TheirTime {
    /// Whether the destination takes a time stamp, as far as that is known.
    pub(crate) fn check(self, timestamp: SystemTime) -> Result<(), TimestampFault> {
        match limits::check_timestamp(timestamp, self.at_least) {
            Err(TimestampFault::TooOld) => Err(TimestampFault::TooOld),
            _ => match limits::check_timestamp(timestamp, self.at_most) {
                Err(TimestampFault::TooFarAhead) => Err(TimestampFault::TooFarAhead),
                _ => Ok(()),
            },
        }
    }
}
