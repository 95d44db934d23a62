//! When the next request may start: at once while all is well; after a pause, and one at a time, after
//! failures; at a distance from each other, one at a time, while the destination throttles, and not before the time
//! that the destination asked for.

use std::time::Duration;
use tokio::time::Instant;

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
/// A flush tries at once, but not more often than this.
const HURRIED: Duration = Duration::from_millis(500);

const FIRST_DISTANCE: Duration = Duration::from_millis(200);
/// So that, halved with each success, it is gone within half a minute of the last throttled request.
const MAX_DISTANCE: Duration = Duration::from_secs(10);
/// A destination may ask for any time; data that wait for hours may have no room left.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

#[derive(Debug)]
pub(crate) struct Pace {
    max_in_flight: usize,
    random: fastrand::Rng,
    /// Attempts in a row that failed; of those that were under way at the same time, one counts.
    failures: u32,
    failed_at: Option<Instant>,
    paused_until: Option<Instant>,
    /// So that a fleet does not send at the same instant.
    spread_until: Option<Instant>,
    /// Between the starts of two requests; zero, unless the destination throttles.
    distance: Duration,
    started_at: Option<Instant>,
    apart_until: Option<Instant>,
    /// The destination asked to be left alone.
    held_until: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(max_in_flight: usize, seed: Option<u64>) -> Self {
        Self {
            max_in_flight,
            random: seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            failures: 0,
            failed_at: None,
            paused_until: None,
            spread_until: None,
            distance: Duration::ZERO,
            started_at: None,
            apart_until: None,
            held_until: None,
        }
    }

    /// When the next request may start, past times included; none as long as so many are in flight.
    pub(crate) fn next_start(&self, in_flight: usize, now: Instant) -> Option<Instant> {
        let most = if self.is_well() {
            self.max_in_flight
        } else {
            1
        };
        (in_flight < most).then(|| {
            let waits = [
                self.paused_until,
                self.spread_until,
                self.apart_until,
                self.held_until,
            ];
            waits.into_iter().flatten().max().unwrap_or(now)
        })
    }

    pub(crate) fn started(&mut self, now: Instant) {
        self.started_at = Some(now);
        self.apart_until = self.jittered_distance(now);
    }

    /// The destination answered as it should, or refused data on their merits. Gives whether it had not
    /// for a while.
    pub(crate) fn answered(&mut self) -> bool {
        let is_back = self.failures > 1;
        self.failures = 0;
        self.paused_until = None;
        self.distance /= 2;
        if self.distance < FIRST_DISTANCE {
            self.distance = Duration::ZERO;
            self.apart_until = None;
        }
        is_back
    }

    /// An attempt that began at `started` failed.
    pub(crate) fn failed(&mut self, started: Instant, now: Instant) {
        if self.failed_at.is_none_or(|failed_at| failed_at <= started) {
            self.failures = self.failures.saturating_add(1);
            self.failed_at = Some(now);
            self.paused_until = self.backoff(self.failures, now);
        }
    }

    /// The destination throttles, and may have said how long it wants to be left alone.
    pub(crate) fn throttled(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.distance = (self.distance * 2).clamp(FIRST_DISTANCE, MAX_DISTANCE);
        self.apart_until = self.jittered_distance(now);
        if let Some(retry_after) = retry_after {
            // And the distance, with its jitter: a whole fleet may have been told the same.
            let held = self.jittered_distance(now + retry_after.min(MAX_RETRY_AFTER));
            self.held_until = self.held_until.max(held);
        }
    }

    /// The end of a pause after so many failures in a row: exponential, with full jitter, so that a
    /// fleet does not come back all at once.
    pub(crate) fn backoff(&mut self, failures: u32, now: Instant) -> Option<Instant> {
        let exponent = failures.saturating_sub(1).min(16);
        let longest = FIRST_BACKOFF.saturating_mul(1 << exponent).min(MAX_BACKOFF);
        now.checked_add(longest.mul_f64(self.random.f64()))
    }

    /// Holds the next request back for a part of `longest`, so that a fleet does not send at the same instant.
    pub(crate) fn spread(&mut self, longest: Duration, now: Instant) {
        self.spread_until = now.checked_add(longest.mul_f64(self.random.f64()));
    }

    /// This one need not be held back for the fleet's sake.
    pub(crate) fn gather(&mut self) {
        self.spread_until = None;
    }

    /// Somebody waits: pauses are cut short, but a throttling destination is still heeded.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.gather();
        let soon = self.started_at.map_or(now, |at| (at + HURRIED).max(now));
        self.paused_until = self.paused_until.map(|until| until.min(soon));
    }

    pub(crate) fn is_well(&self) -> bool {
        self.failures == 0 && self.distance.is_zero()
    }

    fn jittered_distance(&mut self, now: Instant) -> Option<Instant> {
        let part = 0.5 + self.random.f64();
        (!self.distance.is_zero())
            .then(|| now.checked_add(self.distance.mul_f64(part)))
            .flatten()
    }
}
