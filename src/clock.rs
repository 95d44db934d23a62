//! Where time comes from.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// What [`Clock::sleep_until`] gives.
pub type Sleeping<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells the time that windows are aligned to and stamped with.
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> SystemTime;

    /// Waits until the time is `deadline`, or until the clock was set back; may return early.
    fn sleep_until(&self, deadline: SystemTime) -> Sleeping<'_>;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn sleep_until(&self, deadline: SystemTime) -> Sleeping<'_> {
        (**self).sleep_until(deadline)
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep_until(&self, deadline: SystemTime) -> Sleeping<'_> {
        // In short steps: the clock may be set, or the machine suspended, in the middle of one.
        const STEP: Duration = Duration::from_secs(1);
        Box::pin(async move {
            let mut before = self.now();
            while let Ok(rest) = deadline.duration_since(before)
                && !rest.is_zero()
            {
                tokio::time::sleep(rest.min(STEP)).await;
                let now = self.now();
                if now < before {
                    return;
                }
                before = now;
            }
        })
    }
}

/// A clock that stands still until it is moved, for tests. Clones show the same time.
///
/// ```
/// use metrics_exporter_cloudwatch::{Clock, ManualClock};
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let clock = ManualClock::new(UNIX_EPOCH);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<watch::Sender<SystemTime>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: SystemTime) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(now)),
        }
    }

    /// Moves the clock ahead.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Sets the clock, ahead or back.
    pub fn set(&self, to: SystemTime) {
        self.now.send_replace(to);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.now.borrow()
    }

    fn sleep_until(&self, deadline: SystemTime) -> Sleeping<'_> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            let before = *now.borrow();
            // Never fails: `self` keeps the sender.
            let _ = now.wait_for(|&now| now >= deadline || now < before).await;
        })
    }
}
