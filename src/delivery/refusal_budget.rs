//! How many requests a destination that refuses them may cause: those that search for bad data, and all of them while
//! nothing but refusals comes back. And what a refusal proves.

use crate::delivery::backoff;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// In any [`SPAN`].
pub(crate) const MAX_REQUESTS: usize = 64;
const SPAN: Duration = Duration::from_mins(1);
/// So many refusals in a row cost no pause. After more than these in a row nothing is proved: the destination may refuse
/// whatever it gets.
const UNPAUSED: u32 = 16;

/// And they prove nothing if they took longer.
const FEW_WITHIN: Duration = Duration::from_secs(30);
/// More in a row say nothing of what was refused.
const SYSTEMATIC: u32 = 2 * UNPAUSED;
/// A destination may name one bad datum for each request.
const NAMED_IN_A_ROW: u32 = 4;

/// What refusals between two accepted requests say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// They were few: whoever was refused alone is at fault.
    Proof,
    Unknown,
    /// The destination refused whatever it got.
    Void,
}

#[derive(Debug, Default)]
pub(crate) struct RefusalBudget {
    /// When the last requests began.
    spent: VecDeque<Instant>,
    /// Refusals since a request was accepted, and when the first of them came.
    in_a_row: u32,
    since: Option<Instant>,
    /// When one was accepted last, since the search began.
    proved: Option<Instant>,
    until: Option<Instant>,
}

impl RefusalBudget {
    /// Whether all requests are paid from it: the last answer was a refusal.
    pub(crate) fn is_for_all(&self) -> bool {
        self.in_a_row > 0
    }

    /// When the next request may begin that is paid from it, past times included.
    pub(crate) fn next(&self) -> Option<Instant> {
        let full = self.spent.len() >= MAX_REQUESTS;
        let oldest = self.spent.front().filter(|_| full);
        oldest.map(|&at| at + SPAN).max(self.until)
    }

    /// A request begins that is paid from it.
    pub(crate) fn spend(&mut self, now: Instant) {
        if self.spent.len() >= MAX_REQUESTS {
            self.spent.pop_front();
        }
        self.spent.push_back(now);
    }

    /// What was accepted before says nothing of the refusals that are searched now.
    pub(crate) fn search_begins(&mut self) {
        self.proved = None;
    }

    /// The search for what was refused before goes on: what was accepted meanwhile counts, if that is not long ago.
    pub(crate) fn search_goes_on(&mut self, now: Instant) {
        self.proved = self.proved.filter(|at| now <= *at + FEW_WITHIN);
    }

    /// A request was refused.
    pub(crate) fn refused(&mut self, now: Instant, random: &mut fastrand::Rng) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.since.get_or_insert(now);
        let beyond = self.in_a_row.saturating_sub(UNPAUSED);
        self.until = (beyond > 0)
            .then(|| backoff::pause(beyond, now, random))
            .flatten();
    }

    /// A request was accepted. Gives what that says of the refusals since the one before.
    pub(crate) fn accepted(&mut self, now: Instant) -> Worth {
        let worth = if self.is_systematic() {
            Worth::Void
        } else if self.are_few(now) {
            Worth::Proof
        } else {
            Worth::Unknown
        };
        (self.proved, self.in_a_row) = (Some(now), 0);
        (self.until, self.since) = (None, None);
        worth
    }

    /// Whether the destination may well have taken something beside what it refused since.
    fn are_few(&self, now: Instant) -> bool {
        let is_recent = self.since.is_none_or(|since| now <= since + FEW_WITHIN);
        self.in_a_row <= UNPAUSED && is_recent
    }

    /// Whether so many were refused in a row that it is not for what is in them.
    pub(crate) fn is_systematic(&self) -> bool {
        self.in_a_row > SYSTEMATIC
    }

    /// Whether so many were refused in a row that there are many at fault: it is better to divide than to name one after
    /// the other.
    pub(crate) fn divides(&self) -> bool {
        self.in_a_row > NAMED_IN_A_ROW
    }

    /// Whether the last refusal says something of what was refused: a request was accepted since the search began, and
    /// not long ago.
    pub(crate) fn proves(&self, now: Instant) -> bool {
        self.proved.is_some() && self.are_few(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of an hour, at most one at a time and each answered at once.
    fn requests(answers: impl Fn(usize) -> bool) -> Vec<Instant> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut budget = RefusalBudget::default();
        let start = Instant::now();
        let mut now = start;
        let mut begun = Vec::new();
        loop {
            now = budget.next().map_or(now, |next| next.max(now));
            if now > start + Duration::from_hours(1) {
                return begun;
            }
            budget.spend(now);
            if answers(begun.len()) {
                budget.accepted(now);
            } else {
                budget.refused(now, &mut random);
            }
            begun.push(now);
        }
    }

    #[test]
    fn an_hour_of_nothing_but_refusals_costs_few_requests() {
        let begun = requests(|_| false);
        assert!((100..200).contains(&begun.len()), "{}", begun.len());
    }

    #[test]
    fn no_minute_has_more_than_64_whatever_the_answers() {
        for accepted in [1, 2, 3, 10, 40] {
            let begun = requests(|number| number % accepted == 0);
            for at in begun.windows(MAX_REQUESTS + 1) {
                assert!(at[MAX_REQUESTS] - at[0] >= SPAN, "one in {accepted}");
            }
        }
    }

    #[test]
    fn a_refusal_proves_something_beside_accepted_requests_alone() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut budget = RefusalBudget::default();
        let now = Instant::now();
        budget.accepted(now);
        budget.search_begins();
        budget.refused(now, &mut random);
        assert!(!budget.proves(now), "none was accepted since");
        assert_eq!(budget.accepted(now), Worth::Proof);
        for _ in 0..UNPAUSED {
            budget.refused(now, &mut random);
            assert!(budget.proves(now));
        }
        budget.refused(now, &mut random);
        assert!(!budget.proves(now), "that was long ago");
        for _ in 0..UNPAUSED {
            budget.refused(now, &mut random);
        }
        assert_eq!(budget.accepted(now), Worth::Void);
    }

    #[test]
    fn a_search_that_goes_on_soon_has_the_proof_that_it_had() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut budget = RefusalBudget::default();
        let now = Instant::now();
        budget.accepted(now);
        let late = now + FEW_WITHIN + Duration::from_nanos(1);
        for (at, expected) in [(now + FEW_WITHIN, true), (late, false)] {
            budget.search_goes_on(at);
            budget.refused(at, &mut random);
            assert_eq!(budget.proves(at), expected);
        }
    }
}
