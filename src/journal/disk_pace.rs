//! How long a disk takes to answer, and who waits for it.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How long at-most-once data wait for the disk at a time, as they must; then it hangs. A flush by default has twice this
/// time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How long an attempt to send other data waits for a write, and for a mark: half a second for both, a twentieth of a
/// flush by default. A disk that is well syncs in a tenth of it.
pub(crate) const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// How long a shutdown waits for a disk that does not answer; while it answers, up to [`PATIENCE`].
pub(super) const CLOSING_PATIENCE: Duration = Duration::from_secs(2);

/// The same for who blocks a thread meanwhile.
pub(super) const DROPPING_PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct DiskPace {
    /// When those calls were made that are not answered yet.
    asked: VecDeque<Instant>,
    /// When the last one was answered.
    answered: Option<Instant>,
    /// Something waited for the disk in vain, and nothing was done at once since.
    pub(super) is_slow: bool,
    /// The disk has not answered for too long.
    pub(super) is_hanging: bool,
}

impl DiskPace {
    pub(super) fn asks(&mut self) {
        self.asked.push_back(Instant::now());
    }

    /// The oldest call was answered.
    pub(super) fn answers(&mut self) {
        let now = Instant::now();
        self.answered = Some(now);
        self.is_hanging = false;
        let asked = self.asked.pop_front();
        if asked.is_some_and(|asked| now - asked < SHORT_PATIENCE) {
            self.is_slow = false;
        }
    }

    /// Nothing is answered any more.
    pub(super) fn ends(&mut self) {
        self.asked.clear();
        self.is_hanging = true;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// Since when it owes an answer, which may be the next of many.
    pub(super) fn owes_since(&self) -> Option<Instant> {
        let asked = self.asked.front().copied()?;
        Some(self.answered.map_or(asked, |answered| answered.max(asked)))
    }
}
