//! What is wrong with a destination now, and since when.

use crate::delivery::ledger::{Ledger, Outcome};
use crate::model::trouble::Trouble;
use std::fmt;
use std::time::{Duration, SystemTime};

/// Data that were dropped or refused count as trouble for so long after the last of them.
const LASTS: Duration = Duration::from_mins(5);

/// Times are those of the exporter's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Condition {
    /// What is wrong with requests, until they are answered again.
    requests: Option<(Trouble, SystemTime)>,
    dropping: Option<Episode>,
    refusing: Option<Episode>,
    /// Nothing is sent any more: what is lost from now on is no trouble of the destination's.
    has_ended: bool,
}

/// What happens again and again, never [`LASTS`] apart.
#[derive(Clone, Copy, Debug)]
struct Episode {
    since: SystemTime,
    last: SystemTime,
}

impl Condition {
    pub(crate) fn set_requests(&mut self, trouble: Option<Trouble>, now: SystemTime) {
        self.requests = trouble.map(|trouble| (trouble, now));
    }

    pub(crate) fn dropped(&mut self, now: SystemTime) {
        again(&mut self.dropping, now);
    }

    pub(crate) fn settled(&mut self, outcome: &Outcome, now: SystemTime) {
        match outcome {
            Outcome::Dropped if self.has_ended => {}
            Outcome::Dropped => self.dropped(now),
            Outcome::Refused(_) => self.refused(now),
            Outcome::Delivered | Outcome::HandedOver | Outcome::Ambiguous => {}
        }
    }

    pub(crate) fn refused(&mut self, now: SystemTime) {
        again(&mut self.refusing, now);
    }

    /// The worst of it, and since when.
    pub(crate) fn worst(&self, now: SystemTime) -> Option<(Trouble, SystemTime)> {
        let lasting = |episode: Option<Episode>, trouble| {
            let episode = episode.filter(|episode| episode.lasts(now))?;
            Some((trouble, episode.since))
        };
        let all = [
            self.requests,
            lasting(self.dropping, Trouble::Dropping),
            lasting(self.refusing, Trouble::Refusing),
        ];
        all.into_iter().flatten().min()
    }
}

impl Ledger {
    /// What is wrong, and since when.
    pub(crate) fn trouble(&self) -> Option<(Trouble, SystemTime)> {
        let now = self.clock.now();
        self.books().condition.worst(now)
    }

    /// Nothing is sent any more.
    pub(crate) fn end(&self) {
        self.books().condition.has_ended = true;
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.books().fmt(f)
    }
}

impl Episode {
    /// In both directions: a clock that was set back ends it, too.
    fn lasts(&self, now: SystemTime) -> bool {
        let apart = now.duration_since(self.last);
        apart.unwrap_or_else(|ahead| ahead.duration()) < LASTS
    }
}

fn again(episode: &mut Option<Episode>, now: SystemTime) {
    let since = episode
        .filter(|episode| episode.lasts(now))
        .map_or(now, |episode| episode.since);
    *episode = Some(Episode { since, last: now });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_was_refused_lasts_five_minutes_from_the_last_time() {
        let mut condition = Condition::default();
        assert_eq!(condition.worst(at(1_000)), None);
        condition.refused(at(1_000));
        condition.refused(at(1_299));
        let refusing = Some((Trouble::Refusing, at(1_000)));
        assert_eq!(condition.worst(at(1_598)), refusing);
        assert_eq!(condition.worst(at(1_599)), None);
        condition.refused(at(1_600));
        let again = Some((Trouble::Refusing, at(1_600)));
        assert_eq!(condition.worst(at(1_600)), again);
        assert_eq!(condition.worst(at(1_200)), None, "the clock was set back");
    }

    #[test]
    fn the_worst_is_told() {
        let mut condition = Condition::default();
        condition.refused(at(1));
        condition.set_requests(Some(Trouble::Throttled), at(2));
        assert_eq!(condition.worst(at(9)), Some((Trouble::Throttled, at(2))));
        condition.dropped(at(3));
        assert_eq!(condition.worst(at(9)), Some((Trouble::Dropping, at(3))));
        condition.set_requests(Some(Trouble::Denied), at(4));
        assert_eq!(condition.worst(at(9)), Some((Trouble::Denied, at(4))));
        condition.set_requests(None, at(5));
        assert_eq!(condition.worst(at(9)), Some((Trouble::Dropping, at(3))));
    }
}
