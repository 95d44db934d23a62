//! One attempt to send a batch, and the time that it has.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// One attempt to send a batch. Clones are of the same one.
///
/// What precedes a request, such as loading credentials, has a bound of its own: a minute, or twice the request's time
/// if that is more. The request's own time begins when it [leaves](Self::leaves).
#[derive(Clone, Debug)]
pub struct Attempt {
    started: Instant,
    timeout: Duration,
    left: Arc<watch::Sender<Option<Instant>>>,
}

/// What a sink may take before its request leaves.
const MIN_PREPARATION: Duration = Duration::from_mins(1);

impl Attempt {
    /// One that begins now, with so much time for its request. It needs a Tokio runtime with its time driver enabled.
    pub fn new(timeout: Duration) -> Self {
        Self {
            started: Instant::now(),
            timeout,
            left: Arc::new(watch::Sender::new(None)),
        }
    }

    /// The request leaves now: all that precedes it is done.
    pub fn leaves(&self) {
        self.left.send_if_modified(|left| {
            let is_first = left.is_none();
            left.get_or_insert_with(Instant::now);
            is_first
        });
    }

    /// How long the request may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Waits until the time is up: that of the request, or of what precedes it. A sink that knows whether its request
    /// arrived had better wait for this than be dropped.
    pub async fn out_of_time(&self) {
        let mut left = self.left.subscribe();
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
