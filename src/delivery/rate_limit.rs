//! The distance between requests while the destination throttles, and the time for which it asks to be left alone.

use std::time::Duration;
use tokio::time::Instant;

const FIRST_DISTANCE: Duration = Duration::from_millis(200);
/// As successes in a row divide it by 2, 4, 8 and 16, it is gone seconds after the last throttled request.
const MAX_DISTANCE: Duration = Duration::from_secs(10);
/// A destination may ask for any time; data that wait for hours may have no room left.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Between the starts of two requests; zero, unless the destination throttles.
    distance: Duration,
    /// Since a request was throttled.
    successes: u32,
    apart_until: Option<Instant>,
    /// The destination asked to be left alone.
    held_until: Option<Instant>,
}

impl RateLimit {
    pub(crate) fn started(&mut self, now: Instant, random: &mut fastrand::Rng) {
        self.apart_until = self.jittered(now, random);
    }

    /// The destination throttles, and may have said how long it wants to be left alone.
    pub(crate) fn throttled(
        &mut self,
        retry_after: Option<Duration>,
        now: Instant,
        random: &mut fastrand::Rng,
    ) {
        self.successes = 0;
        self.distance = (self.distance * 2).clamp(FIRST_DISTANCE, MAX_DISTANCE);
        self.apart_until = self.jittered(now, random);
        if let Some(retry_after) = retry_after {
            // And the distance, with its jitter: a whole fleet may have been told the same.
            let held = self.jittered(now + retry_after.min(MAX_RETRY_AFTER), random);
            self.held_until = self.held_until.max(held);
        }
    }

    /// The destination took a request.
    pub(crate) fn answered(&mut self) {
        self.successes = self.successes.saturating_add(1);
        self.distance /= 1 << self.successes.min(8);
        if self.distance < FIRST_DISTANCE {
            self.distance = Duration::ZERO;
            self.apart_until = None;
        }
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        self.apart_until.max(self.held_until)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.distance.is_zero()
    }

    fn jittered(&self, now: Instant, random: &mut fastrand::Rng) -> Option<Instant> {
        let part = 0.5 + random.f64();
        (!self.distance.is_zero())
            .then(|| now.checked_add(self.distance.mul_f64(part)))
            .flatten()
    }
}
