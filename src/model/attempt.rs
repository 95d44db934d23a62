//! One attempt to send a batch, and the time that it has.

use crate::clock::{Clock, SystemClock};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// One attempt to send a batch. Clones are of the same one.
///
/// What precedes a request has a bound of its own: a minute, or twice the request's time if that is more; ten minutes at
/// least for a sink that [awaits credentials](Self::awaits_credentials). The request's own time begins when it
/// [leaves](Self::leaves).
#[derive(Clone)]
pub struct Attempt {
    started: Instant,
    timeout: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    stage: watch::Sender<Stage>,
    /// Whether the sink asks whether its request [may leave](Attempt::may_leave).
    asks: AtomicBool,
    /// The exporter's.
    clock: Arc<dyn Clock>,
    /// By that clock.
    left_at: OnceLock<SystemTime>,
    told: OnceLock<ServiceClock>,
}

/// What goes on before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Preparing,
    AwaitingCredentials,
    Left(Instant),
    /// It is not to leave any more.
    Withdrawn,
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
/// Credentials may come from a program, or from a person. Who gives up the load and begins again never gets them.
pub(crate) const MIN_LOAD: Duration = Duration::from_mins(10);
/// That credentials are awaited goes unsaid for so long.
pub(crate) const UNSAID_LOAD: Duration = Duration::from_secs(5);

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
                stage: watch::Sender::new(Stage::Preparing),
                asks: AtomicBool::new(false),
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
        shared.stage.send_if_modified(|stage| {
            let is_first = matches!(stage, Stage::Preparing | Stage::AwaitingCredentials);
            if is_first {
                *stage = Stage::Left(Instant::now());
            }
            is_first
        });
    }

    /// Credentials are loaded before the request [leaves](Self::leaves), and may take their time: ten minutes at least,
    /// instead of one. After five seconds the log says so, once until all is well. It means nothing once the request has
    /// left.
    pub fn awaits_credentials(&self) {
        self.shared.stage.send_if_modified(|stage| {
            let is_change = *stage == Stage::Preparing;
            if is_change {
                *stage = Stage::AwaitingCredentials;
            }
            is_change
        });
    }

    /// The sink [awaits credentials](Self::awaits_credentials), and asks whether its request [may leave](Self::may_leave).
    #[cfg_attr(
        not(feature = "put-metric-data"),
        expect(dead_code, reason = "no other sink awaits credentials")
    )]
    pub(crate) fn asks_to_leave(&self) {
        self.shared.asks.store(true, Ordering::Relaxed);
        self.awaits_credentials();
    }

    /// The request [leaves](Self::leaves) now, unless it was [withdrawn](Self::withdraw).
    #[cfg_attr(
        not(feature = "put-metric-data"),
        expect(dead_code, reason = "no other sink awaits credentials")
    )]
    pub(crate) fn may_leave(&self) -> bool {
        self.leaves();
        *self.shared.stage.borrow() != Stage::Withdrawn
    }

    /// The request is not to leave any more. Gives whether it surely did not, and will not.
    pub(crate) fn withdraw(&self) -> bool {
        if !self.shared.asks.load(Ordering::Relaxed) {
            return false;
        }
        self.shared.stage.send_if_modified(|stage| {
            let waits = *stage == Stage::AwaitingCredentials;
            if waits {
                *stage = Stage::Withdrawn;
            }
            waits
        })
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

    /// How long credentials may be loaded.
    pub(crate) fn load_time(&self) -> Duration {
        self.timeout.saturating_mul(2).max(MIN_LOAD)
    }

    /// Whether credentials are loaded now.
    pub(crate) fn is_awaiting_credentials(&self) -> bool {
        *self.shared.stage.borrow() == Stage::AwaitingCredentials
    }

    /// Waits until the time is up: that of the request, or of what precedes it. A sink that knows whether its request
    /// arrived had better wait for this than be dropped.
    pub async fn out_of_time(&self) {
        let mut stage = self.shared.stage.subscribe();
        let preparation = self.timeout.saturating_mul(2).max(MIN_PREPARATION);
        loop {
            let now = *stage.borrow_and_update();
            let end = match now {
                Stage::Left(at) => at.checked_add(self.timeout),
                Stage::Preparing => self.started.checked_add(preparation),
                Stage::AwaitingCredentials => self.started.checked_add(self.load_time()),
                Stage::Withdrawn => return,
            };
            let Some(end) = end else {
                return std::future::pending().await;
            };
            tokio::select! {
                biased;
                // The sender is this, so that it never ends.
                _ = stage.changed() => {}
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
            .field("stage", &*self.shared.stage.borrow())
            .field("told", &self.shared.told)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it takes, and what is done a second after it began.
    async fn ends_after(timeout: Duration, later: impl FnOnce(&Attempt)) -> Duration {
        let attempt = Attempt::new(timeout);
        let second = async {
            sleep_until(attempt.started + Duration::from_secs(1)).await;
            later(&attempt);
        };
        tokio::join!(attempt.out_of_time(), second);
        Instant::now() - attempt.started
    }

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_its_own_time() {
        let seconds = Duration::from_secs;
        let awaits_then_leaves = |attempt: &Attempt| {
            attempt.awaits_credentials();
            attempt.leaves();
        };
        let leaves_then_awaits = |attempt: &Attempt| {
            attempt.leaves();
            attempt.awaits_credentials();
        };
        for (timeout, later, expected) in [
            (4, (|_: &Attempt| ()) as fn(&Attempt), 60),
            (50, |_| (), 100),
            (4, Attempt::awaits_credentials, 600),
            (500, Attempt::awaits_credentials, 1_000),
            (4, Attempt::leaves, 5),
            (4, awaits_then_leaves, 5),
            (4, leaves_then_awaits, 5),
        ] {
            let took = ends_after(seconds(timeout), later).await;
            let late = took.abs_diff(seconds(expected));
            assert!(late < Duration::from_millis(10), "{timeout}: {took:?}");
        }
    }
}
