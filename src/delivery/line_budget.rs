//! How many lines a destination may cost the log, whatever it does: ten a minute. Refusals have a bound of their own, in
//! `refusal_log.rs`.

use crate::model::trouble::Trouble;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
/// Lines about states in any minute. The four others, once each, always have room.
const MAX_STATES: usize = 6;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Trouble(Trouble),
    /// That it is over.
    Answered(Trouble),
    GivenUp,
    Note,
    Full,
    Room,
    InDoubt,
}

impl Line {
    const fn is_state(self) -> bool {
        matches!(self, Self::Trouble(_) | Self::Answered(_) | Self::GivenUp)
    }
}

/// The lines of the last minute.
#[derive(Debug, Default)]
pub(crate) struct LineBudget(VecDeque<(Line, Instant)>);

impl LineBudget {
    /// Whether a line may be said; then it counts as said. The same is said once a minute.
    pub(crate) fn allows(&mut self, line: Line, now: Instant) -> bool {
        let is_over = |said: &(Line, Instant)| now.saturating_duration_since(said.1) >= MINUTE;
        while self.0.front().is_some_and(is_over) {
            self.0.pop_front();
        }
        let is_new = self.0.iter().all(|(said, _)| *said != line);
        let states = self.0.iter().filter(|(said, _)| said.is_state()).count();
        let is_allowed = is_new && (!line.is_state() || states < MAX_STATES);
        if is_allowed {
            self.0.push_back((line, now));
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_than_ten_lines() {
        let mut budget = LineBudget::default();
        let lines = [
            Line::Trouble(Trouble::Misdirected),
            Line::Trouble(Trouble::Unanswered),
            Line::Answered(Trouble::Denied),
            Line::Answered(Trouble::Failing),
            Line::Trouble(Trouble::Denied),
            Line::Trouble(Trouble::Failing),
            Line::Trouble(Trouble::Throttled),
            Line::Answered(Trouble::Throttled),
            Line::Note,
            Line::Full,
            Line::Room,
            Line::InDoubt,
        ];
        let start = Instant::now();
        let mut said = Vec::new();
        for step in 0..36_000 {
            let now = start + step * Duration::from_millis(100);
            let allowed = lines.iter().filter(|line| budget.allows(**line, now));
            said.extend(allowed.map(|line| (*line, now)));
        }
        for (number, (_, begin)) in said.iter().enumerate() {
            let minute = said[number..].iter();
            let minute = minute.take_while(|(_, at)| *at - *begin < MINUTE);
            assert!(minute.count() <= 10);
        }
        for line in lines.into_iter().filter(|line| !line.is_state()) {
            let hour = said.iter().filter(|(said, _)| *said == line).count();
            assert!(hour >= 30, "{line:?} is said {hour} times");
        }
    }
}
