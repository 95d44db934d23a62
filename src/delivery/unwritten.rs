//! Which batches are in memory and are to be on disk, and when a disk that failed is tried again.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::Duration;
use tokio::time::Instant;

/// After the first failure; it doubles with each trial that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is to be written when the disk takes it. After a failure one record tries the disk, and all others follow if that is
/// written.
#[derive(Debug)]
pub(super) struct Unwritten {
    /// Some of them may be written by now.
    numbers: BTreeSet<u64>,
    /// The one that was last taken out: what the disk never takes leaves the next trial to another.
    last: u64,
    /// The disk failed: when it is tried again.
    again: Option<Instant>,
    pause: Duration,
    /// Nothing is sent any more: each is tried once, without a pause.
    is_last: bool,
    /// The write that tries it.
    trial: Option<u64>,
}

impl Default for Unwritten {
    fn default() -> Self {
        Self {
            numbers: BTreeSet::new(),
            last: 0,
            again: None,
            pause: FIRST_PAUSE,
            is_last: false,
            trial: None,
        }
    }
}

impl Unwritten {
    pub(super) fn add(&mut self, number: u64) {
        self.numbers.insert(number);
    }

    /// Nothing is left of it, or it is on disk alone.
    pub(super) fn forget(&mut self, number: u64) {
        self.numbers.remove(&number);
    }

    /// Takes out the one that is to be written now, of those that can be.
    pub(super) fn next(&mut self, now: Instant, can_be: impl Fn(u64) -> bool) -> Option<u64> {
        let is_pausing = self.trial.is_some() || self.again.is_some_and(|again| again > now);
        if is_pausing && !self.is_last {
            return None;
        }
        let later = (Bound::Excluded(self.last), Bound::Unbounded);
        let in_turn = (self.numbers.range(later)).chain(self.numbers.range(..=self.last));
        let number = in_turn.copied().find(|one| can_be(*one))?;
        self.numbers.remove(&number);
        self.last = number;
        Some(number)
    }

    /// This call writes what was taken out.
    pub(super) fn writes(&mut self, write: u64) {
        if self.again.is_some() {
            self.trial = Some(write);
        }
    }

    /// From now on each is tried once.
    pub(super) fn ends(&mut self) {
        self.is_last = true;
    }

    /// The disk did not take the record of this number.
    pub(super) fn failed(&mut self, number: u64, write: u64, now: Instant) {
        if !self.is_last {
            self.numbers.insert(number);
        }
        if self.is_over(write) {
            self.pause = LONGEST_PAUSE.min(self.pause * 2);
            self.again = None;
        }
        self.again.get_or_insert(now + self.pause);
    }

    /// The disk took a record, so that it takes others.
    pub(super) fn succeeded(&mut self) {
        (self.again, self.trial, self.pause) = (None, None, FIRST_PAUSE);
        // The oldest first.
        self.last = 0;
    }

    /// This call said nothing of the disk. Gives whether it was to try it.
    pub(super) fn is_over(&mut self, write: u64) -> bool {
        let is_trial = self.trial == Some(write);
        if is_trial {
            self.trial = None;
        }
        is_trial
    }

    /// When the disk is tried again, if that is later than now.
    pub(super) fn wakes_at(&self, now: Instant) -> Option<Instant> {
        let again = self.again.filter(|again| *again > now);
        again.filter(|_| self.trial.is_none() && !self.numbers.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else each batch that a healthy service took, while the disk hung, would stay here for ever.
    #[test]
    fn what_is_settled_is_not_kept() {
        let mut unwritten = Unwritten::default();
        for number in 0..1_000 {
            unwritten.add(number);
            unwritten.forget(number);
        }
        assert!(unwritten.numbers.is_empty());
    }

    #[test]
    fn one_record_tries_the_disk_and_the_others_follow() {
        let (mut unwritten, start) = (Unwritten::default(), Instant::now());
        (1..=3).for_each(|number| unwritten.add(number));
        unwritten.failed(1, 0, start);
        assert_eq!(unwritten.wakes_at(start), Some(start + FIRST_PAUSE));
        assert_eq!(unwritten.next(start, |_| true), None);
        let mut now = start;
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            now += Duration::from_secs(seconds);
            let number = unwritten.next(now, |number| number != 1).unwrap();
            unwritten.writes(number);
            assert_eq!(unwritten.next(now, |_| true), None, "one is enough");
            unwritten.failed(number, number, now);
        }
        unwritten.succeeded();
        let all = std::iter::from_fn(|| unwritten.next(now, |_| true));
        assert_eq!(all.collect::<Vec<_>>(), [1, 2, 3]);
    }
}
