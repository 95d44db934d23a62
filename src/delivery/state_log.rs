//! How the destination is doing and whether the queue is full: said once per change, within a [budget of
//! lines](LineBudget). What the budget leaves unsaid is counted, and said with a later line.

use crate::clock::Clock;
use crate::delivery::ledger::Ledger;
use crate::delivery::line_budget::{Line, LineBudget};
use crate::delivery::wait_log::WaitLog;
use crate::model::amount::Amount;
use crate::model::cut::line;
use crate::model::refusal::Refusal;
use crate::model::trouble::Trouble;
use parking_lot::Mutex;
use std::error::Error;
use std::sync::Arc;
use tokio::time::Instant;

pub(crate) struct StateLog {
    destination: Arc<str>,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    budget: Arc<Mutex<LineBudget>>,
    wait_log: WaitLog,
    /// What is wrong; none, if it is well.
    state: Option<Trouble>,
    /// The state that the log has heard of last.
    said: Option<Trouble>,
    /// Changes of state since then.
    changes: u64,
    /// Attempts since the log last heard that it was well.
    attempts: u32,
    /// What was given up since a line said so, as it may have arrived.
    given_up: Amount,
    has_said_given_up: bool,
    /// What it last said beside an answer.
    note: Option<String>,
    /// What a full queue cost since data last went through.
    dropping: Amount,
    has_said_full: bool,
}

type Cause<'a> = &'a (dyn Error + Send + Sync);

impl StateLog {
    pub(crate) fn of(destination: Arc<str>, clock: Arc<dyn Clock>, ledger: Arc<Ledger>) -> Self {
        let budget = Arc::new(Mutex::new(LineBudget::default()));
        let wait_log = WaitLog::new(&destination, &clock, &ledger, &budget);
        Self {
            destination,
            clock,
            ledger,
            budget,
            wait_log,
            state: None,
            said: None,
            changes: 0,
            attempts: 0,
            given_up: Amount::default(),
            has_said_given_up: false,
            note: None,
            dropping: Amount::default(),
            has_said_full: false,
        }
    }

    pub(crate) fn failed(&mut self, error: Cause<'_>) {
        self.enters(Trouble::Failing, error);
    }

    pub(crate) fn throttled(&mut self, error: Cause<'_>) {
        self.enters(Trouble::Throttled, error);
    }

    pub(crate) fn denied(&mut self, error: Cause<'_>) {
        self.enters(Trouble::Denied, error);
    }

    /// Whoever answers takes no such requests.
    pub(crate) fn misdirected(&mut self, error: Cause<'_>) {
        self.enters(Trouble::Misdirected, error);
    }

    /// It refuses whatever it gets.
    pub(crate) fn refuses_all(&mut self, last: &Refusal) {
        self.enters(Trouble::RefusingAll, last);
    }

    /// For attempts, which alone know that they wait.
    pub(crate) fn wait_log(&self) -> WaitLog {
        self.wait_log.clone()
    }

    /// Nobody knows whether data arrived; they are kept.
    pub(crate) fn unanswered(&mut self, error: Cause<'_>) {
        self.enters(Trouble::Unanswered, error);
    }

    /// Nobody knows whether data arrived; so much is given up for that.
    pub(crate) fn gave_up(&mut self, error: Cause<'_>, amount: Amount) {
        self.is_in(Trouble::Unanswered);
        self.given_up.add(amount);
        if !self.has_said_given_up && self.may_say(Line::GivenUp) {
            self.has_said_given_up = true;
            self.said = self.state;
            let Amount { data, samples, .. } = std::mem::take(&mut self.given_up);
            let changes = self.unsaid_changes();
            tracing::warn!(destination = &*self.destination, error = %line(error), data, samples, changes,
                "no answer, so nobody knows whether data arrived; they are given up, as they must not count twice"
            );
        }
    }

    /// Others are answered, and these data were not, time and again.
    pub(crate) fn gives_up_unanswered(&mut self, amount: Amount) {
        if self.may_say(Line::GivenUp) {
            let Amount { data, samples, .. } = amount;
            tracing::error!(
                destination = &*self.destination,
                data,
                samples,
                "others are answered, and nobody knows whether these data arrived, after ten attempts or more; they are given up"
            );
        }
    }

    pub(crate) fn well(&mut self) {
        self.is_in(None);
        let Some(said) = self.said else {
            self.attempts = 0;
            return;
        };
        if self.may_say(Line::Answered(said)) {
            self.said = None;
            self.has_said_given_up = false;
            let attempts = std::mem::take(&mut self.attempts);
            let changes = self.unsaid_changes();
            let given_up = std::mem::take(&mut self.given_up);
            let given_up = (!given_up.is_zero()).then_some(given_up.samples);
            tracing::info!(
                destination = &*self.destination,
                attempts,
                changes,
                given_up,
                "requests are answered again"
            );
        }
    }

    /// What the destination said beside an answer, once until it says something else.
    pub(crate) fn noted(&mut self, note: Option<&str>) {
        if note.is_some() && self.note.as_deref() != note && self.may_say(Line::Note) {
            self.note = note.map(str::to_owned);
            tracing::warn!(
                destination = &*self.destination,
                note = note.map(line),
                "the destination took the data, and says"
            );
        }
    }

    /// The queue was full.
    pub(crate) fn dropped(&mut self, amount: Amount) {
        self.dropping.add(amount);
        if !self.has_said_full && self.may_say(Line::Full) {
            self.has_said_full = true;
            tracing::error!(
                destination = &*self.destination,
                "the queue is full: the oldest data are dropped"
            );
        }
    }

    /// A request was refused, and nobody knows for which of its data, or whether for any: the `is_first` of a search.
    pub(crate) fn in_doubt(&mut self, reason: &Refusal, is_first: bool) {
        let now = self.clock.now();
        self.ledger.books().condition.refused(now);
        if is_first && self.may_say(Line::InDoubt) {
            tracing::warn!(
                destination = &*self.destination,
                reason = %line(reason),
                "requests are refused, and nobody knows yet for which data; these wait until that is found out"
            );
        }
    }

    /// There was no more room for data of which some may be refused.
    pub(crate) fn dropped_in_doubt(&mut self, amount: Amount, reason: Option<&Refusal>) {
        self.dropping.add(amount);
        if !self.has_said_full
            && self.may_say(Line::Full)
            && let Some(reason) = reason
        {
            self.has_said_full = true;
            tracing::error!(
                destination = &*self.destination,
                "data are refused, and too many wait until it is known which: the oldest are dropped; the last refusal: {reason}"
            );
        }
    }

    /// Data went through, and there is room again.
    pub(crate) fn has_room(&mut self) {
        if self.dropping.is_zero() {
            self.has_said_full = false;
        } else if self.may_say(Line::Room) {
            self.has_said_full = false;
            let Amount { data, samples, .. } = std::mem::take(&mut self.dropping);
            tracing::error!(
                destination = &*self.destination,
                data,
                samples,
                "data go through; so many were dropped before"
            );
        }
    }

    fn enters(&mut self, trouble: Trouble, error: Cause<'_>) {
        self.is_in(trouble);
        if self.said == self.state {
            return;
        }
        let trouble = self.state.unwrap_or(trouble);
        if self.may_say(Line::Trouble(trouble)) {
            self.said = self.state;
            let (destination, changes) = (Arc::clone(&self.destination), self.unsaid_changes());
            let what = line_of(trouble);
            if matches!(
                trouble,
                Trouble::Denied | Trouble::Misdirected | Trouble::RefusingAll
            ) {
                tracing::error!(destination = &*destination, error = %line(error), changes, "{what}");
            } else {
                tracing::warn!(destination = &*destination, error = %line(error), changes, "{what}");
            }
        }
    }

    /// An attempt told so.
    fn is_in(&mut self, state: impl Into<Option<Trouble>>) {
        let state = state.into();
        if let Some(is_said) = self.wait_log.take() {
            self.state = Some(Trouble::AwaitingCredentials);
            self.changes = self.changes.saturating_add(1);
            if is_said {
                self.said = self.state;
                self.changes = 0;
            }
        }
        self.attempts = self.attempts.saturating_add(1);
        if self.state == state || is_one_outage(self.state, state) {
            return;
        }
        self.state = state;
        self.changes = self.changes.saturating_add(1);
        let now = self.clock.now();
        self.ledger.books().condition.set_requests(state, now);
    }

    /// Changes of state that no line has told, but the one that is told now.
    fn unsaid_changes(&mut self) -> Option<u64> {
        let before = std::mem::take(&mut self.changes).saturating_sub(1);
        (before > 0).then_some(before)
    }

    fn may_say(&mut self, line: Line) -> bool {
        self.budget.lock().allows(line, Instant::now())
    }
}

/// What the log says when a state begins.
const fn line_of(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Throttled => "requests are throttled; data are kept and sent more slowly",
        Trouble::Denied => {
            "not allowed to send: check credentials and the permission cloudwatch:PutMetricData; data are kept"
        }
        Trouble::Misdirected => {
            "whoever answers takes no such requests: check endpoint, region, namespace and account; data are kept"
        }
        Trouble::RefusingAll => {
            "every request is refused, whatever is in it; data are kept and tried again, ever more slowly"
        }
        Trouble::Unanswered => {
            "no answer, so nobody knows whether data arrived; they are kept and tried again"
        }
        _ => "data could not be sent; they are kept and tried again",
    }
}

/// An outage shows now as the one, now as the other.
fn is_one_outage(before: Option<Trouble>, now: Option<Trouble>) -> bool {
    let shows = |state| matches!(state, Some(Trouble::Failing | Trouble::Unanswered));
    shows(before) && shows(now)
}
