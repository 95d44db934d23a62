//! When a series is evicted, and what becomes of who still has it.
//!
//! Snapshots alone decide, by whether they found something in the aggregate. A series that was idle for its timeout is
//! taken from the handle caches of all threads, then out of the map, under the map's lock. If nobody else has the series
//! then, a last look finds all that was ever recorded to it, and the series goes. Otherwise the series stays, and whoever
//! holds a handle goes on with it. The consumer hears of the eviction either way. When something is recorded to the
//! series again, it comes back under a new generation.

use super::handle_owner::{Cached, invalidate_series};
use super::map::SeriesMap;
use super::recorded::Recorded;
use crate::aggregate::{Aggregate, RefusedCounts, Scratch, Value, Visit};
use crate::last_look::is_over;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A snapshot's time, and how long series may be idle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// In milliseconds since 1970.
    now: u64,
    timeout: Option<u64>,
}

impl Moment {
    pub(crate) fn new(now: SystemTime, timeout: Option<Duration>) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            now: millis(since),
            timeout: timeout.map(millis),
        }
    }

    /// The number of the window that it is in, which goes round.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "windows are told from their neighbours"
    )]
    pub(crate) fn window(self, period: Duration) -> u32 {
        (self.now / millis(period).max(1)) as u32
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// When a snapshot last found something in a series, or evicted it: in milliseconds, twice, and one more if it was
/// evicted since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastActive(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    No,
    /// It is time to evict it. If it is not the first time, somebody held it before.
    Due {
        is_first: bool,
    },
}

impl LastActive {
    pub(crate) fn new(moment: Moment) -> Self {
        Self::at(moment.now, false)
    }

    fn at(time: u64, is_evicted: bool) -> Self {
        Self(time << 1 | u64::from(is_evicted))
    }

    /// Whether it was evicted, and nothing was found in it since.
    pub(crate) fn is_evicted(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether a series is idle, by whether something was found in it now. What cannot go is due once a timeout.
    #[inline]
    pub(crate) fn look(&mut self, moment: Moment, is_active: bool) -> Idle {
        let Some(timeout) = moment.timeout else {
            return Idle::No;
        };
        if is_active {
            *self = Self::new(moment);
            return Idle::No;
        }
        // A clock that was set back begins anew.
        let (since, is_evicted) = ((self.0 >> 1).min(moment.now), self.is_evicted());
        if moment.now - since >= timeout {
            *self = Self::at(moment.now, true);
            return Idle::Due {
                is_first: !is_evicted,
            };
        }
        *self = Self::at(since, is_evicted);
        Idle::No
    }
}

/// What became of a series that is due.
pub(crate) enum Outcome<'a> {
    Gone,
    /// Somebody holds it, or it holds what the next record builds on.
    Held,
    /// Something was recorded in the last moment.
    Active(Option<Value<'a>>, RefusedCounts),
}

/// Takes what is due from the handle caches of all threads.
pub(crate) fn uncache<'a, A: Cached>(due: impl Iterator<Item = &'a Arc<Recorded<A>>>) {
    // What holds state cannot go, so that its handles may stay.
    let due = due.filter(|recorded| !recorded.aggregate.holds_state());
    let due: HashSet<_> = due.map(Arc::as_ptr).collect();
    if !due.is_empty() {
        invalidate_series::<A>(|recorded| due.contains(&Arc::as_ptr(recorded)));
    }
}

/// Evicts a series, once no handle cache has it.
pub(crate) fn evict<'a, A: Aggregate>(
    map: &SeriesMap<A>,
    recorded: &mut Arc<Recorded<A>>,
    scratch: &'a mut Scratch,
    visit: Visit,
) -> Outcome<'a> {
    let mut outcome = Outcome::Held;
    let is_gone = map.unlink(recorded, |recorded| {
        is_over(recorded, |recorded| {
            let (value, refused) = recorded.aggregate.take(scratch, visit);
            if value.is_some() || refused != RefusedCounts::default() {
                outcome = Outcome::Active(value, refused);
                return false;
            }
            !recorded.aggregate.holds_state()
        })
    });
    if is_gone { Outcome::Gone } else { outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_go_is_due_once_a_timeout() {
        let moment = |now| Moment {
            now,
            timeout: Some(10),
        };
        let (first, again) = (Idle::Due { is_first: true }, Idle::Due { is_first: false });
        let mut last_active = LastActive::new(moment(100));
        for (now, is_active, expected) in [
            (109, false, Idle::No),
            (111, false, first),
            (120, false, Idle::No),
            (121, false, again),
            // The clock was set back.
            (50, false, Idle::No),
            (59, false, Idle::No),
            (60, false, again),
            (61, true, Idle::No),
            (70, false, Idle::No),
            (71, false, first),
        ] {
            assert_eq!(last_active.look(moment(now), is_active), expected, "{now}");
        }
    }
}
