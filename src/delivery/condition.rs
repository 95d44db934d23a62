//! How the destination is doing, said once per change.

use std::error::Error;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    state: State,
    /// Attempts since it was well.
    attempts: u32,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Well,
    Failing,
    Throttling,
    Denying,
}

impl Condition {
    pub(crate) fn failed(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Failing) {
            tracing::warn!(%error, "data could not be sent; they are kept and tried again");
        }
    }

    pub(crate) fn throttled(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Throttling) {
            tracing::warn!(%error, "requests are throttled; data are kept and sent more slowly");
        }
    }

    pub(crate) fn denied(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Denying) {
            tracing::error!(
                %error,
                "not allowed to send: check credentials and the permission cloudwatch:PutMetricData; data are kept"
            );
        }
    }

    pub(crate) fn well(&mut self) {
        let attempts = self.attempts + 1;
        if *self != Self::default() {
            *self = Self::default();
            tracing::info!(attempts, "requests are answered again");
        }
    }

    fn enters(&mut self, state: State) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        let is_change = self.state != state;
        self.state = state;
        is_change
    }
}
