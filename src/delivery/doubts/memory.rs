//! A series that is known to be refused: when it is tried again.

use crate::model::refusal::Refusal;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_mins(1);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct Memory {
    code: Box<str>,
    /// None before it was tried again for the first time, which is at once.
    pause: Option<Duration>,
    due: Instant,
    /// The batch with the datum by which it is being tried again.
    probe: Option<u64>,
}

impl Memory {
    pub(super) fn new(reason: &Refusal, now: Instant) -> Self {
        let code = match reason {
            Refusal::Rejected { code, .. } => code.as_str(),
            other => other.name(),
        };
        Self {
            code: code.into(),
            pause: None,
            due: now,
            probe: None,
        }
    }

    /// What the data are refused for that are not tried.
    pub(super) fn refusal(&self) -> Refusal {
        Refusal::Remembered {
            code: self.code.to_string(),
        }
    }

    /// Whether it is tried by a datum of this batch; or, where others wait for the first try, waits for it: the one that was
    /// named may have been the only one.
    pub(super) fn takes(&self, number: u64, others_wait: bool, now: Instant) -> bool {
        match self.probe {
            Some(probe) => probe == number || (others_wait && self.pause.is_none()),
            None => self.due <= now,
        }
    }

    /// It is to be tried by a datum of this batch. Gives whether that is new.
    pub(super) fn try_again(&mut self, number: u64) -> bool {
        let is_new = self.probe.is_none();
        self.probe.get_or_insert(number);
        is_new
    }

    /// The batch with that datum, if it is one of these. If not, the datum had to go, and the next that waits is tried.
    pub(super) fn probe_among(&mut self, held: &BTreeSet<u64>) -> Option<u64> {
        let probe = self.probe.take()?;
        let next = held.first().copied().filter(|_| self.pause.is_none());
        self.probe = held.get(&probe).copied().or(next);
        self.probe
    }

    pub(super) fn lose_probe(&mut self) {
        self.probe = None;
    }

    pub(super) fn refused_again(&mut self, now: Instant) {
        let pause = self.pause.map_or(FIRST_PAUSE, |pause| pause * 2);
        let pause = pause.min(LONGEST_PAUSE);
        (self.pause, self.due, self.probe) = (Some(pause), now + pause, None);
    }

    /// Its next datum is to be tried.
    pub(super) fn is_due(&mut self, now: Instant) {
        self.due = self.due.min(now);
    }
}
