//! An exporter that sees no metric at all says once why that may be.

use std::time::Duration;
use tokio::time::Instant;

/// So long an exporter runs without a metric before it says so.
const PATIENCE: Duration = Duration::from_mins(5);

#[derive(Default)]
pub(crate) struct Silence {
    until: Option<Instant>,
}

impl Silence {
    /// The exporter runs from now on.
    pub(crate) fn begin(&mut self) {
        self.until = Instant::now().checked_add(PATIENCE);
    }

    /// When to look whether there was a metric; never, if that was done.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The time has come.
    pub(crate) fn end(&mut self, has_metrics: bool) {
        if self.until.take().is_some() && !has_metrics {
            tracing::warn!(
                "no metric was recorded in five minutes: a dependency may record by another version of the metrics crate (see cargo tree -d), or to another recorder"
            );
        }
    }
}
