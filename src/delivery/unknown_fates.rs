//! Attempts of one batch whose fate nobody knows: what comes next is smaller and has more time, and after some of them it is
//! given up.

use std::time::Duration;

/// So many in a row, and again: half of the data, and twice the time.
const PER_HALVING: u32 = 3;
/// While nobody else is answered either: it may be the way there that is slow.
const MAX_DOUBLINGS: u32 = 3;
/// As much as a request's time grows.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
/// So many while other requests were answered: a datum alone is given up.
pub(crate) const MAX_UNKNOWN_FATES: u32 = 10;
/// And so are several.
const MAX_OF_SEVERAL: u32 = 2 * MAX_UNKNOWN_FATES;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnknownFates {
    in_a_row: u32,
    /// Of those, the ones that others were answered beside.
    counted: u32,
    halvings: u32,
    doublings: u32,
    /// How many requests had been answered when the last one was over, or the first one began.
    answers: u64,
}

impl UnknownFates {
    /// Whether there was none, or all goes through as a whole again.
    pub(crate) fn is_none(self) -> bool {
        self.in_a_row == 0 && self.halvings == 0
    }

    /// An attempt begins; so many requests have been answered.
    pub(crate) fn begin(&mut self, answers: u64) {
        if self.in_a_row == 0 {
            self.answers = answers;
        }
    }

    /// Nobody knows its fate; so many requests have been answered.
    pub(crate) fn add(&mut self, answers: u64) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        if answers > self.answers {
            // It is in these data.
            self.counted += 1;
            self.halvings += 1;
        } else if self.in_a_row.is_multiple_of(PER_HALVING) {
            self.doublings = MAX_DOUBLINGS.min(self.doublings + 1);
            self.halvings = self.halvings.max(self.doublings);
        }
        self.answers = answers;
    }

    /// Whether an attempt with so many data was the last one.
    pub(crate) fn is_over(self, data: usize) -> bool {
        let most = if data == 1 {
            MAX_UNKNOWN_FATES
        } else {
            MAX_OF_SEVERAL
        };
        self.counted >= most
    }

    /// Whether it is for these data that no answer comes, as others are answered.
    pub(crate) fn is_counted(self) -> bool {
        self.counted > 0
    }

    /// Another answer came.
    pub(crate) fn end(&mut self) {
        (self.in_a_row, self.counted) = (0, 0);
    }

    /// Of what is left once a part has its outcome: it may be twice as large.
    pub(crate) fn of_rest(self) -> Self {
        Self {
            in_a_row: 0,
            counted: 0,
            halvings: self.halvings.saturating_sub(1),
            doublings: self.doublings.saturating_sub(1),
            answers: self.answers,
        }
    }

    /// How many of so many data the next attempt sends.
    pub(crate) fn data(self, all: usize) -> usize {
        all.checked_shr(self.halvings).unwrap_or_default().max(1)
    }

    /// The time that it has.
    pub(crate) fn timeout(self, request: Duration) -> Duration {
        let longer = request.saturating_mul(1 << self.doublings);
        longer.min(LONGEST_TIMEOUT).max(request)
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
            fates.add(7);
            assert!(!fates.is_over(1), "nobody was answered");
        }
        let expected = [(1_000, 4), (500, 8), (250, 16), (125, 30)];
        let of = |attempt: usize| expected[(attempt / 3).min(3)];
        assert_eq!(seen, (0..13).map(of).collect::<Vec<_>>());
        assert_eq!(
            (fates.data(1), fates.timeout(seconds(60))),
            (1, seconds(60))
        );
        // What goes through may be larger the next time.
        let rests = [fates.of_rest(), fates.of_rest().of_rest()];
        assert_eq!(rests.map(|rest| rest.data(1_000)), [250, 500]);
    }

    #[test]
    fn the_tenth_beside_answered_ones_is_the_last_of_a_datum() {
        let mut fates = UnknownFates::default();
        for attempt in 1..=60_u64 {
            // Another one is answered before or during every third.
            let answers = attempt / 3;
            fates.begin(answers);
            fates.add(answers);
            assert_eq!(fates.is_over(1), attempt >= 30, "{attempt}");
            assert_eq!(fates.is_over(2), attempt >= 60, "{attempt}");
        }
    }

    #[test]
    fn beside_answered_ones_it_gets_smaller_each_time_and_not_slower() {
        let mut fates = UnknownFates::default();
        for attempt in 1..=10_u32 {
            fates.begin(u64::from(attempt));
            fates.add(u64::from(attempt) + 1);
            assert_eq!(fates.data(1_000), (1_000 >> attempt).max(1));
            assert_eq!(fates.timeout(LONGEST_TIMEOUT / 8), LONGEST_TIMEOUT / 8);
        }
    }
}
