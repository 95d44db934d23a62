//! That an attempt waits for credentials, said by the attempt, which alone knows.

use crate::clock::Clock;
use crate::delivery::ledger::Ledger;
use crate::delivery::line_budget::{Line, LineBudget};
use crate::model::trouble::Trouble;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct WaitLog(Arc<Waiting>);

struct Waiting {
    destination: Arc<str>,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    budget: Arc<Mutex<LineBudget>>,
    /// Whether an attempt waits, and a line said so.
    state: Mutex<Option<bool>>,
}

impl WaitLog {
    pub(crate) fn new(
        destination: &Arc<str>,
        clock: &Arc<dyn Clock>,
        ledger: &Arc<Ledger>,
        budget: &Arc<Mutex<LineBudget>>,
    ) -> Self {
        Self(Arc::new(Waiting {
            destination: Arc::clone(destination),
            clock: Arc::clone(clock),
            ledger: Arc::clone(ledger),
            budget: Arc::clone(budget),
            state: Mutex::default(),
        }))
    }

    /// An attempt has waited for credentials for so long. Said once, until an attempt is over.
    pub(crate) fn waits(&self, time: Duration) {
        let Waiting {
            destination,
            clock,
            ledger,
            budget,
            state,
        } = &*self.0;
        let (trouble, now) = (Trouble::AwaitingCredentials, clock.now());
        let is_allowed = {
            let mut state = state.lock();
            if state.is_some() {
                return;
            }
            let line = Line::Trouble(trouble);
            let is_allowed = budget.lock().allows(line, Instant::now());
            *state = Some(is_allowed);
            is_allowed
        };
        ledger.books().condition.set_requests(Some(trouble), now);
        if is_allowed {
            tracing::warn!(
                destination = &**destination,
                seconds = time.as_secs(),
                "credentials are awaited; data are kept"
            );
        }
    }

    /// An attempt is over. Gives whether a line said that it waited, if one did.
    pub(crate) fn take(&self) -> Option<bool> {
        self.0.state.lock().take()
    }
}
