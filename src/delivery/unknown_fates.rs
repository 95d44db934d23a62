//! Attempts of one batch whose fate nobody knows, in a row: what comes next is smaller and has more time, and after some
//! of them the batch is given up.

use std::time::Duration;

/// So many in a row, and again: half of the data, and twice the time.
const PER_HALVING: u32 = 3;
const MAX_HALVINGS: u32 = 3;
/// As much as a request's time grows.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
/// So many in a row while other requests were answered: it is given up.
pub(crate) const MAX_UNKNOWN_FATES: u32 = 10;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnknownFates {
    in_a_row: u32,
    /// Those among them that others were answered beside.
    counted: u32,
    /// How many requests had been answered when the last one was over, or the first one began.
    answers: u64,
}

impl UnknownFates {
    /// Whether there was none, or all goes through as a whole again.
    pub(crate) fn is_none(self) -> bool {
        self.in_a_row == 0
    }

    /// An attempt begins; so many requests have been answered.
    pub(crate) fn begin(&mut self, answers: u64) {
        if self.in_a_row == 0 {
            self.answers = answers;
        }
    }

    /// Nobody knows its fate; so many requests have been answered. Gives whether there were too many of these.
    pub(crate) fn add(&mut self, answers: u64) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.counted += u32::from(answers > self.answers);
        self.answers = answers;
        self.counted >= MAX_UNKNOWN_FATES
    }

    /// Another answer came.
    pub(crate) fn end(&mut self) {
        *self = self.of_rest();
    }

    /// Of what is left once a part has its outcome: it may be twice as large.
    pub(crate) fn of_rest(self) -> Self {
        let halvings = self.halvings().saturating_sub(1);
        Self {
            in_a_row: halvings * PER_HALVING,
            counted: 0,
            answers: self.answers,
        }
    }

    /// How many of so many data the next attempt sends.
    pub(crate) fn data(self, all: usize) -> usize {
        (all >> self.halvings()).max(1)
    }

    /// The time that it has.
    pub(crate) fn timeout(self, request: Duration) -> Duration {
        let longer = request.saturating_mul(1 << self.halvings());
        longer.min(LONGEST_TIMEOUT).max(request)
    }

    fn halvings(self) -> u32 {
        (self.in_a_row / PER_HALVING).min(MAX_HALVINGS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_three_it_is_half_and_has_twice_the_time() {
        let mut fates = UnknownFates::default();
        let seconds = Duration::from_secs;
        let mut seen = Vec::new();
        for _ in 0..13 {
            fates.begin(7);
            seen.push((fates.data(1_000), fates.timeout(seconds(4)).as_secs()));
            assert!(!fates.add(7), "nobody was answered");
        }
        let expected = [(1_000, 4), (500, 8), (250, 16), (125, 30)];
        let of = |attempt: usize| expected[(attempt / 3).min(3)];
        assert_eq!(seen, (0..13).map(of).collect::<Vec<_>>());
        assert_eq!(
            (fates.data(1), fates.timeout(seconds(60))),
            (1, seconds(60))
        );
        // What goes through may be larger the next time.
        let sizes = [fates.of_rest(), fates.of_rest().of_rest()].map(|it| it.data(1_000));
        assert_eq!(sizes, [250, 500]);
    }

    #[test]
    fn the_tenth_beside_answered_ones_is_the_last() {
        let mut fates = UnknownFates::default();
        for attempt in 1..=30_u64 {
            // Another one is answered before or during every third.
            let answers = attempt / 3;
            fates.begin(answers);
            assert_eq!(fates.add(answers), attempt == 30, "{attempt}");
        }
    }
}
