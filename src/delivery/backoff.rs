//! The pause after failures: exponential, with full jitter, so that a fleet does not come back all at once.

use std::time::Duration;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(1);

/// Of all requests, after attempts that failed in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// Of attempts that were under way at the same time, one counts.
    failures: u32,
    failed_at: Option<Instant>,
    until: Option<Instant>,
}

impl Backoff {
    /// An attempt that began at `started` failed.
    pub(crate) fn failed(&mut self, started: Instant, now: Instant, random: &mut fastrand::Rng) {
        if self.failed_at.is_none_or(|failed_at| failed_at <= started) {
            self.failures = self.failures.saturating_add(1);
            self.failed_at = Some(now);
            self.until = pause(self.failures, now, random);
        }
    }

    /// The destination answered. Gives whether it had not for a while.
    pub(crate) fn answered(&mut self) -> bool {
        self.until = None;
        std::mem::take(&mut self.failures) > 1
    }

    /// The pause ends then, if not earlier.
    pub(crate) fn cut_short(&mut self, end: Instant) {
        self.until = self.until.map(|until| until.min(end));
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(crate) fn is_over(&self) -> bool {
        self.failures == 0
    }
}

/// The end of a pause after so many failures in a row.
pub(crate) fn pause(failures: u32, now: Instant, random: &mut fastrand::Rng) -> Option<Instant> {
    let exponent = failures.saturating_sub(1).min(16);
    let longest = FIRST.saturating_mul(1 << exponent).min(LONGEST);
    now.checked_add(longest.mul_f64(random.f64()))
}
