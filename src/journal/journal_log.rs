//! What the log has of the journal: that the disk fails or works again, and what was found or lost. Each journal has some
//! ten lines a minute at most, whatever its disk does.

use crate::journal::{JournalError, Recovered};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
/// Lines about single records in a minute; others are counted.
const MAX_RECORDS: u32 = 8;

#[derive(Debug)]
pub(crate) struct JournalLog {
    dir: PathBuf,
    writing: Followed,
    reading: Followed,
    records: Budget,
}

impl JournalLog {
    pub(super) fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            writing: Followed::default(),
            reading: Followed::default(),
            records: Budget::default(),
        }
    }

    /// The disk takes nothing.
    pub(super) fn fails(&mut self, error: &JournalError) {
        if self.writing.is_wrong(Instant::now()) {
            tracing::error!(error = %error.with_reason(), "the journal cannot take data; they are in memory alone");
        }
    }

    pub(super) fn works(&mut self) {
        if self.writing.is_right() {
            tracing::info!(dir = %self.dir.display(), "the journal takes data again");
        }
    }

    /// What is on disk alone stays there.
    pub(crate) fn is_unreadable(&mut self, error: &JournalError) {
        if self.reading.is_wrong(Instant::now()) {
            tracing::error!(error = %error.with_reason(), "the journal cannot be read now; it is tried again");
        }
    }

    pub(crate) fn is_readable(&mut self) {
        self.reading.is_right();
    }

    /// What the start found.
    pub(crate) fn found(&mut self, recovered: &Recovered) {
        let dir = self.dir.display();
        if recovered.damaged > 0 {
            let (records, bytes) = (recovered.damaged, recovered.damaged_bytes);
            tracing::error!(%dir, records, bytes, "the journal was damaged; so much of it is lost");
        }
        if recovered.leftovers > 0 {
            let files = recovered.leftovers;
            tracing::debug!(%dir, files, "writes to the journal had been cut off, of data that were in memory then");
        }
        for error in &recovered.later {
            self.later(error);
        }
        for error in &recovered.refused {
            if let Some(unsaid) = self.records.next(Instant::now()) {
                tracing::error!(%error, unsaid, "something in the journal's folder is not the journal's; it is left alone");
            }
        }
    }

    pub(crate) fn later(&mut self, error: &JournalError) {
        if let Some(unsaid) = self.records.next(Instant::now()) {
            tracing::error!(%error, unsaid, "a record of the journal is left to the version that knows it");
        }
    }

    pub(crate) fn lost(&mut self, error: &impl std::fmt::Display) {
        if let Some(unsaid) = self.records.next(Instant::now()) {
            tracing::error!(%error, unsaid, "a record of the journal is lost");
        }
    }
}

/// A state of which the log hears when it changes, but not more than twice a minute.
#[derive(Debug, Default)]
struct Followed {
    is_said: bool,
    said_at: Option<Instant>,
}

impl Followed {
    /// Something is wrong. Gives whether a line is to say so.
    fn is_wrong(&mut self, now: Instant) -> bool {
        let is_soon = self.said_at.is_some_and(|at| now - at < MINUTE);
        if self.is_said || is_soon {
            return false;
        }
        (self.is_said, self.said_at) = (true, Some(now));
        true
    }

    /// All is well. Gives whether a line is to say so, as one said that it was not.
    fn is_right(&mut self) -> bool {
        std::mem::take(&mut self.is_said)
    }
}

/// Lines of a minute.
#[derive(Debug, Default)]
struct Budget {
    since: Option<Instant>,
    said: u32,
    unsaid: u64,
}

impl Budget {
    /// A line may be said, which tells how many were not before it.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now - since >= MINUTE) {
            (self.since, self.said) = (Some(now), 0);
        }
        if self.said == MAX_RECORDS {
            self.unsaid += 1;
            return None;
        }
        self.said += 1;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_changes_with_every_call_is_said_twice_a_minute() {
        let (mut state, start) = (Followed::default(), Instant::now());
        let mut lines = Vec::new();
        for second in 0..150 {
            let now = start + Duration::from_secs(second);
            if state.is_wrong(now) {
                lines.push((second, "wrong"));
            }
            if second != 149 && state.is_right() {
                lines.push((second, "right"));
            }
        }
        let expected = [0, 60, 120].map(|at| [(at, "wrong"), (at, "right")]);
        assert_eq!(lines, expected.concat());
    }

    /// It was left unsaid, and lasts.
    #[test]
    fn a_state_that_stays_wrong_is_said_a_minute_later() {
        let (mut state, start) = (Followed::default(), Instant::now());
        assert!(state.is_wrong(start) && state.is_right());
        assert!(!state.is_wrong(start + Duration::from_secs(59)));
        assert!(state.is_wrong(start + MINUTE));
        assert!(!state.is_wrong(start + 3 * MINUTE));
    }

    #[test]
    fn what_is_left_unsaid_is_counted() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let said = (0..100).filter_map(|_| budget.next(start)).count();
        assert_eq!(said, MAX_RECORDS as usize);
        let unsaid = 100 - u64::from(MAX_RECORDS);
        assert_eq!(budget.next(start + MINUTE), Some(unsaid));
        assert_eq!(budget.next(start + MINUTE), Some(0));
    }
}
