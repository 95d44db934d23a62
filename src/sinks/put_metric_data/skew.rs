//! How far the service's clock is from ours.

use crate::collect::window::StorageResolution;
use crate::limits::MAX_AGE;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Up to this nothing is corrected: an answer takes a while, and `Date` has whole seconds.
const BEGINS_BEYOND_MS: u64 = 60_000;
/// Once it is corrected, only below this it no longer is.
const ENDS_BELOW_MS: u64 = 30_000;
/// What is known stays known as long as it is not further off than this. Each change moves windows against each
/// other, so there are few.
const TOLERANCE_MS: u64 = 30_000;

/// An answer that took longer tells no time: the process may have been frozen in between.
const LONGEST: Duration = Duration::from_secs(10);

/// What the service's answers say of our clock. Clones know the same.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    /// How far the service is ahead of us, if that is to be corrected; else zero.
    ahead_ms: Arc<AtomicI64>,
    corrects: bool,
}

/// What is added to our clock's time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    ahead_ms: i64,
}

impl Skew {
    pub(crate) fn new(corrects: bool) -> Self {
        Self {
            ahead_ms: Arc::default(),
            corrects,
        }
    }

    pub(crate) fn correction(&self) -> Correction {
        let known = self.ahead_ms.load(Ordering::Relaxed);
        Correction {
            ahead_ms: if self.corrects { known } else { 0 },
        }
    }

    /// Takes note of the service's time in an answer, and of ours before the request and after the answer.
    pub(crate) fn learn(&self, service: SystemTime, before: SystemTime, after: SystemTime) {
        let Ok(took) = after.duration_since(before) else {
            // It was set back, so that neither time is right.
            return;
        };
        if took > LONGEST {
            return;
        }
        let seen = ahead_ms(service, before + took / 2);
        let known = self
            .ahead_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
                let next = next(known, seen);
                (next != known).then_some(next)
            });
        if let Ok(known) = known {
            self.log(known, next(known, seen));
        }
    }

    fn log(&self, before: i64, ahead_ms: i64) {
        let seconds = ahead_ms / 1_000;
        if ahead_ms == 0 {
            tracing::info!("this machine's clock is right again");
        } else if before != 0 {
            tracing::info!(seconds, "this machine's clock is off by another amount");
        } else if self.corrects {
            tracing::warn!(
                seconds,
                "this machine's clock is off: the service is so far ahead of it; time stamps are corrected"
            );
        } else {
            tracing::warn!(
                seconds,
                "this machine's clock is off: the service is so far ahead of it"
            );
        }
    }
}

/// What is known after `seen`.
fn next(known: i64, seen: i64) -> i64 {
    let off = seen.unsigned_abs();
    if known == 0 {
        return if off > BEGINS_BEYOND_MS { seen } else { 0 };
    }
    if off < ENDS_BELOW_MS {
        0
    } else if seen.abs_diff(known) > TOLERANCE_MS {
        seen
    } else {
        known
    }
}

fn ahead_ms(service: SystemTime, ours: SystemTime) -> i64 {
    match service.duration_since(ours) {
        Ok(ahead) => milliseconds(ahead),
        Err(behind) => -milliseconds(behind.duration()),
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Correction {
    /// A time stamp of our clock's as the service would have given it, `now` by our clock.
    pub(crate) fn of(
        self,
        ours: SystemTime,
        resolution: StorageResolution,
        now: SystemTime,
    ) -> SystemTime {
        if self.ahead_ms == 0 {
            return ours;
        }
        let by = Duration::from_millis(self.ahead_ms.unsigned_abs());
        let theirs = if self.ahead_ms > 0 {
            ours.checked_add(by)
        } else {
            ours.checked_sub(by)
        };
        let Some(theirs) = theirs else { return ours };
        let start = resolution.start_of(theirs);
        // The start of its window may be too old where it is not.
        let rounded = theirs.duration_since(start).unwrap_or_default();
        let age = now.duration_since(ours).unwrap_or_default();
        if age + rounded > MAX_AGE {
            theirs
        } else {
            start
        }
    }
}

#[cfg(test)]
mod tests;
