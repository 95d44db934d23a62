//! Flushes after the outermost function: when the last scope of `metrics-timeit` has closed.

use metrics_timeit::Subscription;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// As far away as no process gets.
const NEVER: Duration = Duration::from_hours(24 * 365 * 30);

pub(crate) struct Idle {
    /// The least time between two flushes; none if nobody asked for them.
    interval: Option<Duration>,
    closed: Arc<Notify>,
    subscription: Option<Subscription>,
    is_due: bool,
    next: Option<Instant>,
}

impl Idle {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        Self {
            interval,
            closed: Arc::default(),
            subscription: None,
            is_due: false,
            next: None,
        }
    }

    /// From now on scopes count.
    pub(crate) fn subscribe(&mut self) {
        if self.interval.is_some() {
            let closed = Arc::clone(&self.closed);
            // On the thread that closed the scope: a signal, and no more.
            self.subscription = Some(metrics_timeit::on_idle(move || closed.notify_one()));
        }
    }

    /// Waits until a flush is due. May be dropped and called again at any time.
    pub(crate) async fn due(&mut self) {
        if !self.is_due {
            self.closed.notified().await;
            self.is_due = true;
        }
        if let Some(next) = self.next {
            tokio::time::sleep_until(next).await;
        }
        self.is_due = false;
        self.next = self.interval.map(|interval| {
            let now = Instant::now();
            now.checked_add(interval).unwrap_or(now + NEVER)
        });
    }
}
