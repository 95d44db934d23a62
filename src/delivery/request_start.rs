//! When the next request may start: at once while all is well; one at a time after failures and while the destination
//! throttles; within a budget while it refuses them; and after a window's end within its jitter.

use crate::delivery::backoff::{self, Backoff};
use crate::delivery::rate_limit::RateLimit;
use crate::delivery::refusal_budget::{RefusalBudget, Worth};
use std::time::Duration;
use tokio::time::Instant;

/// A flush tries at once, but not more often than this.
const HURRIED: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct RequestStart {
    max_in_flight: usize,
    random: fastrand::Rng,
    backoff: Backoff,
    rate_limit: RateLimit,
    refusals: RefusalBudget,
    /// So that a fleet does not send at the same instant.
    spread_until: Option<Instant>,
    started_at: Option<Instant>,
}

/// How the destination was before it took a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// It had failed for a while, so that it was not the batches' fault.
    pub(crate) had_failed: bool,
    /// What it refused since it took one.
    pub(crate) refusals: Worth,
}

impl RequestStart {
    pub(crate) fn new(max_in_flight: usize, seed: Option<u64>) -> Self {
        Self {
            max_in_flight,
            random: seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            backoff: Backoff::default(),
            rate_limit: RateLimit::default(),
            refusals: RefusalBudget::default(),
            spread_until: None,
            started_at: None,
        }
    }

    /// When the next request may start, past times included; none as long as so many are in flight.
    pub(crate) fn next(&self, in_flight: usize, now: Instant) -> Option<Instant> {
        let is_refusing = self.refusals.is_for_all();
        let most = if self.is_well() && !is_refusing {
            self.max_in_flight
        } else {
            1
        };
        (in_flight < most).then(|| {
            let refusals = self.refusals.next().filter(|_| is_refusing);
            let waits = [
                self.backoff.until(),
                self.rate_limit.until(),
                self.spread_until,
                refusals,
            ];
            waits.into_iter().flatten().max().unwrap_or(now)
        })
    }

    /// When the next one may start that searches for bad data. It is always alone.
    pub(crate) fn next_test(&self, in_flight: usize, now: Instant) -> Option<Instant> {
        let next = self.next(in_flight, now).filter(|_| in_flight == 0)?;
        Some(
            self.refusals
                .next()
                .map_or(next, |refusals| refusals.max(next)),
        )
    }

    pub(crate) fn started(&mut self, is_test: bool, now: Instant) {
        self.started_at = Some(now);
        self.rate_limit.started(now, &mut self.random);
        if is_test || self.refusals.is_for_all() {
            self.refusals.spend(now);
        }
    }

    /// The destination took a request. Gives what the answers before it were worth.
    pub(crate) fn accepted(&mut self, now: Instant) -> Before {
        self.rate_limit.answered();
        Before {
            had_failed: self.backoff.answered(),
            refusals: self.refusals.accepted(now),
        }
    }

    /// It refused data on their merits. Gives whether it had failed for a while.
    pub(crate) fn refused(&mut self, now: Instant) -> bool {
        self.rate_limit.answered();
        self.refusals.refused(now, &mut self.random);
        self.backoff.answered()
    }

    /// A search for bad data begins.
    pub(crate) fn search_begins(&mut self) {
        self.refusals.search_begins();
    }

    /// The search for what was refused before goes on.
    pub(crate) fn search_goes_on(&mut self, now: Instant) {
        self.refusals.search_goes_on(now);
    }

    /// What refusals are worth.
    pub(crate) fn refusals(&self) -> &RefusalBudget {
        &self.refusals
    }

    /// An attempt that began at `started` failed.
    pub(crate) fn failed(&mut self, started: Instant, now: Instant) {
        self.backoff.failed(started, now, &mut self.random);
    }

    pub(crate) fn throttled(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.rate_limit
            .throttled(retry_after, now, &mut self.random);
    }

    /// When a batch that failed so often in a row may be tried again.
    pub(crate) fn pause_of(&mut self, failures: u32, now: Instant) -> Option<Instant> {
        backoff::pause(failures, now, &mut self.random)
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
        self.backoff.cut_short(soon);
    }

    pub(crate) fn is_well(&self) -> bool {
        self.backoff.is_over() && self.rate_limit.is_over()
    }
}
