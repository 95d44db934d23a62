//! How the destination is doing and whether the queue is full, said once per change.

use crate::model::amount::Amount;
use std::error::Error;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct StateLog {
    destination: Arc<str>,
    state: State,
    /// Attempts since it was well.
    attempts: u32,
    /// What it last said beside an answer.
    note: Option<String>,
    /// What a full queue cost since data last went through.
    dropping: Amount,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Well,
    Failing,
    Throttling,
    Denying,
    Misdirected,
}

impl StateLog {
    pub(crate) fn of(destination: Arc<str>) -> Self {
        Self {
            destination,
            state: State::default(),
            attempts: 0,
            note: None,
            dropping: Amount::default(),
        }
    }

    pub(crate) fn failed(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Failing) {
            tracing::warn!(destination = &*self.destination, %error, "data could not be sent; they are kept and tried again");
        }
    }

    pub(crate) fn throttled(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Throttling) {
            tracing::warn!(destination = &*self.destination, %error, "requests are throttled; data are kept and sent more slowly");
        }
    }

    pub(crate) fn denied(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Denying) {
            tracing::error!(destination = &*self.destination, %error,
                "not allowed to send: check credentials and the permission cloudwatch:PutMetricData; data are kept"
            );
        }
    }

    /// Whoever answers takes no such requests.
    pub(crate) fn misdirected(&mut self, error: &(dyn Error + Send + Sync)) {
        if self.enters(State::Misdirected) {
            tracing::error!(destination = &*self.destination, %error,
                "whoever answers takes no such requests: check endpoint, region, namespace and account; data are kept"
            );
        }
    }

    pub(crate) fn well(&mut self) {
        let attempts = self.attempts + 1;
        self.attempts = 0;
        if std::mem::take(&mut self.state) != State::Well {
            tracing::info!(
                destination = &*self.destination,
                attempts,
                "requests are answered again"
            );
        }
    }

    /// What the destination said beside an answer, once until it says something else.
    pub(crate) fn noted(&mut self, note: Option<&str>) {
        if note.is_some() && self.note.as_deref() != note {
            self.note = note.map(str::to_owned);
            tracing::warn!(
                destination = &*self.destination,
                note,
                "the destination took the data, and says"
            );
        }
    }

    /// The queue was full.
    pub(crate) fn dropped(&mut self, amount: Amount) {
        if self.dropping.is_zero() {
            tracing::error!("the queue is full: the oldest data are dropped");
        }
        self.dropping.add(amount);
    }

    /// Data went through, and there is room again.
    pub(crate) fn has_room(&mut self) {
        let Amount { data, samples, .. } = std::mem::take(&mut self.dropping);
        if data > 0 {
            tracing::error!(
                data,
                samples,
                "data go through; so many were dropped before"
            );
        }
    }

    fn enters(&mut self, state: State) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        let is_change = self.state != state;
        self.state = state;
        is_change
    }
}
