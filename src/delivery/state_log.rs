//! How the destination is doing and whether the queue is full, said once per change.

use crate::model::amount::Amount;
use crate::model::refusal::Refusal;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct StateLog {
    destination: Arc<str>,
    state: State,
    wait_log: WaitLog,
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

/// For attempts, which alone know that they wait. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct WaitLog(Arc<Waiting>);

#[derive(Debug)]
struct Waiting {
    destination: Arc<str>,
    is_said: AtomicBool,
}

impl WaitLog {
    /// An attempt has waited for credentials for so long. Said once, until all is well.
    pub(crate) fn waits(&self, time: Duration) {
        if !self.0.is_said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                destination = &*self.0.destination,
                seconds = time.as_secs(),
                "credentials are awaited; data are kept"
            );
        }
    }
}

impl StateLog {
    pub(crate) fn of(destination: Arc<str>) -> Self {
        Self {
            wait_log: WaitLog(Arc::new(Waiting {
                destination: Arc::clone(&destination),
                is_said: AtomicBool::new(false),
            })),
            destination,
            state: State::default(),
            attempts: 0,
            note: None,
            dropping: Amount::default(),
        }
    }

    pub(crate) fn wait_log(&self) -> WaitLog {
        self.wait_log.clone()
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
        let has_waited = self.wait_log.0.is_said.swap(false, Ordering::Relaxed);
        if std::mem::take(&mut self.state) != State::Well || has_waited {
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

    /// There was no more room for data of which some may be refused.
    pub(crate) fn dropped_in_doubt(&mut self, amount: Amount, reason: Option<&Refusal>) {
        if self.dropping.is_zero()
            && let Some(reason) = reason
        {
            tracing::error!(
                destination = &*self.destination,
                "the destination refuses data, and too many wait until it is known which: the oldest are dropped; the last refusal: {reason}"
            );
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
