//! One attempt to send a batch, and the time that it has.

use crate::clock::{Clock, SystemClock};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// One attempt to send a batch. Clones are of the same one.
///
/// What precedes a request, such as loading credentials, has a bound of its own: a minute, or twice the request's time
/// if that is more. The request's own time begins when it [leaves](Self::leaves).
#[derive(Clone)]
pub struct Attempt {
    started: Instant,
    timeout: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    left: watch::Sender<Option<Instant>>,
    /// The exporter's.
    clock: Arc<dyn Clock>,
    /// By that clock.
    left_at: OnceLock<SystemTime>,
    told: OnceLock<ServiceClock>,
}

/// What an answer said of the service's clock, and what the exporter's clock showed around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceClock {
    pub(crate) shows: SystemTime,
    /// When the request left, by the exporter's clock.
    pub(crate) left_at: SystemTime,
    /// When the sink had the answer, by the exporter's clock.
    pub(crate) told_at: SystemTime,
}

/// What a sink may take before its request leaves.
const MIN_PREPARATION: Duration = Duration::from_mins(1);

impl Attempt {
    /// One that begins now, with so much time for its request. It needs a Tokio runtime with its time driver enabled.
    pub fn new(timeout: Duration) -> Self {
        Self::by_clock(timeout, Arc::new(SystemClock))
    }

    /// One whose answer's time is compared with this clock's.
    pub(crate) fn by_clock(timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            started: Instant::now(),
            timeout,
            shared: Arc::new(Shared {
                left: watch::Sender::new(None),
                clock,
                left_at: OnceLock::new(),
                told: OnceLock::new(),
            }),
        }
    }

    /// The request leaves now: all that precedes it is done. Only the first call counts.
    pub fn leaves(&self) {
        let shared = &self.shared;
        shared.left_at.get_or_init(|| shared.clock.now());
        shared.left.send_if_modified(|left| {
            let is_first = left.is_none();
            left.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// The answer says that the service's clock shows `shows`, whether the answer is a success or an error. Say so as
    /// soon as the answer is there. Only the first call counts, and none before the request [leaves](Self::leaves).
    ///
    /// Tell only what the service itself says: the clock of a proxy is another one, and the answer of a cache has the
    /// time of another request. The exporter
    /// [corrects](crate::CloudWatchBuilder::with_clock_skew_correction) the time stamps of later attempts by it, if the
    /// exporter's clock is off by more than a minute; by more than a day, once two answers in a row agree to 30 seconds.
    /// Nothing is learned from an answer that took more than 10 seconds, or that shows a time before 2025 or after 2054.
    pub fn service_clock(&self, shows: SystemTime) {
        if let Some(&left_at) = self.shared.left_at.get() {
            self.shared.told.get_or_init(|| ServiceClock {
                shows,
                left_at,
                told_at: self.shared.clock.now(),
            });
        }
    }

    /// What [`service_clock`](Self::service_clock) was told.
    pub(crate) fn told(&self) -> Option<ServiceClock> {
        self.shared.told.get().copied()
    }

    /// How long the request may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Waits until the time is up: that of the request, or of what precedes it. A sink that knows whether its request
    /// arrived had better wait for this than be dropped.
    pub async fn out_of_time(&self) {
        let mut left = self.shared.left.subscribe();
        let preparation = self.timeout.saturating_mul(2).max(MIN_PREPARATION);
        loop {
            let has_left = *left.borrow_and_update();
            let end = match has_left {
                Some(at) => at.checked_add(self.timeout),
                None => self.started.checked_add(preparation),
            };
            let Some(end) = end else {
                return std::future::pending().await;
            };
            tokio::select! {
                biased;
                // The sender is this, so that it never ends.
                _ = left.changed() => {}
                () = sleep_until(end) => return,
            }
        }
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("started", &self.started)
            .field("timeout", &self.timeout)
            .field("left", &*self.shared.left.borrow())
            .field("told", &self.shared.told)
            .finish_non_exhaustive()
    }
}
