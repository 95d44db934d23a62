//! Which refusals the log says one by one: of each series and reason the first, ten a minute at most for a destination.
//! The others it counts.

use crate::model::refusal::{Refusal, Refused};
use std::time::Duration;
use tokio::time::Instant;

/// Lines for refusals in a minute. One more says how many others there were.
const MAX_LINES: usize = 10;
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(crate) struct RefusalLog {
    /// When the minute is over that began with the first of these lines.
    ends: Option<Instant>,
    lines: usize,
    unsaid: Unsaid,
}

/// What the log has not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unsaid {
    refusals: u64,
    samples: u64,
}

/// What the log says now.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Lines {
    /// Of the minute before.
    unsaid: Unsaid,
    new: Vec<Refused>,
    is_full: bool,
}

impl RefusalLog {
    /// These are of series and reasons that are new, and the list of them may be full only now.
    pub(crate) fn add(&mut self, new: &[&Refused], is_full: bool, now: Instant) -> Lines {
        let mut lines = self.turn(now, false);
        lines.is_full = is_full;
        if new.is_empty() {
            return lines;
        }
        self.ends.get_or_insert(now + MINUTE);
        let room = MAX_LINES.saturating_sub(self.lines).min(new.len());
        let (said, unsaid) = new.split_at(room);
        self.lines += said.len();
        lines.new = said.iter().map(|one| (*one).clone()).collect();
        for one in unsaid {
            self.unsaid.refusals += 1;
            self.unsaid.samples = self.unsaid.samples.saturating_add(one.samples);
        }
        lines
    }

    /// When it is to say how many it has not said.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.ends.filter(|_| self.unsaid.refusals > 0)
    }

    /// Counts anew, if the minute is over, or nothing `ends` after it.
    pub(crate) fn turn(&mut self, now: Instant, ends: bool) -> Lines {
        let mut lines = Lines::default();
        if ends || self.ends.is_some_and(|end| end <= now) {
            lines.unsaid = std::mem::take(self).unsaid;
        }
        lines
    }
}

impl Lines {
    pub(crate) fn say(&self) {
        let Unsaid { refusals, samples } = self.unsaid;
        if refusals > 0 {
            tracing::warn!(
                refusals,
                samples,
                "more was refused than is said here: refusals() lists it, by series and reason"
            );
        }
        for one in &self.new {
            if matches!(one.reason, Refusal::Rejected { .. }) {
                tracing::error!("refused by the destination: {one}");
            } else {
                tracing::warn!("{one}");
            }
        }
        if self.is_full {
            tracing::warn!("the list of refusals is full; from now on others are only counted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ValueFault;
    use metrics::Key;

    fn refused(samples: u64) -> Refused {
        let reason = Refusal::Value(ValueFault::NotANumber);
        Refused::new(None, &Key::from_name("n"), &reason, samples)
    }

    fn counted(lines: &Lines) -> (u64, u64, usize) {
        let Unsaid { refusals, samples } = lines.unsaid;
        (refusals, samples, lines.new.len())
    }

    #[test]
    fn ten_a_minute_are_said_and_then_how_many_others_there_were() {
        let (mut log, start) = (RefusalLog::default(), Instant::now());
        let one = refused(3);
        let mut add = |number: usize, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            let lines = log.add(&vec![&one; number], false, now);
            (counted(&lines), log.due())
        };
        let minute = start + MINUTE;
        assert_eq!(add(7, 0), ((0, 0, 7), None));
        assert_eq!(add(7, 1), ((0, 0, 3), Some(minute)));
        assert_eq!(add(5, 59), ((0, 0, 0), Some(minute)));
        // The next minute begins with its first refusal.
        assert_eq!(
            add(11, 75),
            ((9, 27, 10), Some(start + Duration::from_secs(135)))
        );
    }

    #[test]
    fn the_count_comes_when_the_minute_is_over_or_nothing_follows() {
        for ends in [false, true] {
            let (mut log, start) = (RefusalLog::default(), Instant::now());
            let one = refused(1);
            let _ = log.add(&[&one; 12], false, start);
            let before = start + MINUTE - Duration::from_nanos(1);
            let lines = log.turn(before, ends);
            assert_eq!(
                counted(&lines),
                (if ends { 2 } else { 0 }, if ends { 2 } else { 0 }, 0)
            );
            let lines = log.turn(start + MINUTE, false);
            assert_eq!(counted(&lines).0, if ends { 0 } else { 2 });
            assert_eq!(log.due(), None);
        }
    }
}
