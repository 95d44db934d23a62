//! What became of what a flush covers.

use crate::delivery::ledger::{Account, FlushAccount};
use crate::model::amount::Amount;
use crate::model::refusal::Refused;
use crate::report::health::Health;
use crate::report::one_line;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What became of everything that was recorded before a flush and not settled by then. What was
/// settled earlier, as a window ended, is in [`Stats`](crate::Stats).
///
/// `entered` is `delivered`, `handed_over`, `refused`, `ambiguous`, `dropped` and `pending` added up. `journaled` is a part of
/// `pending`, and `repeated` of what was delivered or handed over. The report is a part of the account in
/// [`Stats`](crate::Stats), at the moment when it was made.
///
/// The report of a [shutdown](crate::CloudWatchHandle::shutdown) whose time was up says what became of what was not sent:
///
/// | where | it is |
/// |---|---|
/// | on disk, for the next process | `pending` and `journaled` |
/// | in memory, never tried or surely not arrived | `dropped` |
/// | in memory, and perhaps arrived | `ambiguous` |
/// | being written to the journal at that moment | `pending`; `stats()` says it when the disk has answered |
///
/// While another call waits longer the exporter goes on trying: all that is `pending` in the earlier report.
///
/// `Display` writes one line, in samples: `sent 13, pending 0`, then what else is not zero, as in
/// `sent 9, pending 0, refused 4`. Sent is what was delivered or handed over. Data without samples, such as a gauge
/// that is sent again, are shown where they are all there is: `pending 0 (data: 1)`. What is wrong is said behind it, as in
/// `sent 9, pending 4 (requests are throttled since 2026-11-27T04:38:29Z)`. Several destinations are told one
/// after the other: `cloudwatch: sent 13, pending 0; archive: sent 9, pending 4`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "data may be refused, dropped, or pending still"]
pub struct FlushReport {
    /// All that the flush covers.
    pub entered: Amount,
    /// Delivered.
    pub delivered: Amount,
    /// Given to a destination that [does not say](crate::Confirms::Nothing) what becomes of them.
    pub handed_over: Amount,
    /// Of those that were delivered or handed over, what may have been counted more than once, as the fate of an
    /// earlier attempt is not known.
    pub repeated: Amount,
    /// Refused. What never got into a datum counts in samples alone.
    pub refused: Amount,
    /// The same by series and reason: the first 10,000 of them, in 4 MiB at most, of each destination.
    pub refusals: Vec<Refused>,
    /// Given up, as nobody knows whether they arrived: by [`Guarantee::AtMostOnce`](crate::Guarantee), after ten attempts
    /// without an answer while others were answered, for want of room after such an attempt, or under way when the time of a shutdown was up, unless the journal keeps them.
    pub ambiguous: Amount,
    /// Given up because the queue was full, or because the time of a shutdown was up and no journal has them. They did not
    /// arrive.
    pub dropped: Amount,
    /// Not delivered when the flush's time was up. The exporter goes on trying; after a shutdown the next process does, with
    /// the [journal](crate::CloudWatchBuilder::with_journal) that has them.
    pub pending: Amount,
    /// Of those that are pending, what is in the journal alone: as there was no room in the queue, or after a shutdown
    /// for the next process.
    pub journaled: Amount,
    /// Whether all was well with the destination when the flush was answered; of several, what the worst had.
    pub health: Health,
    /// Each destination's own report, by its name, if the exporter has several. All else is theirs added up: a sample
    /// counts once for each destination that it goes to.
    pub destinations: BTreeMap<Arc<str>, Self>,
}

impl FlushReport {
    /// Of all destinations that were flushed.
    pub(crate) fn of_all(mut parts: Vec<(Arc<str>, Self)>) -> Self {
        if parts.len() == 1
            && let Some((_, only)) = parts.pop()
        {
            return only;
        }
        let mut all = Self::default();
        for (_, part) in &parts {
            all.entered.add(part.entered);
            all.delivered.add(part.delivered);
            all.handed_over.add(part.handed_over);
            all.repeated.add(part.repeated);
            all.refused.add(part.refused);
            all.refusals.extend(part.refusals.iter().cloned());
            all.ambiguous.add(part.ambiguous);
            all.dropped.add(part.dropped);
            all.pending.add(part.pending);
            all.journaled.add(part.journaled);
            all.health = all.health.worse(part.health);
        }
        all.destinations = parts.into_iter().collect();
        all
    }

    pub(crate) fn new(flush: FlushAccount, journaled: Amount, health: Health) -> Self {
        let Account {
            entered,
            delivered,
            handed_over,
            repeated,
            refused,
            ambiguous,
            dropped,
            pending,
        } = flush.account;
        Self {
            entered,
            delivered,
            handed_over,
            repeated,
            refused,
            refusals: flush.refused,
            ambiguous,
            dropped,
            pending,
            journaled,
            health,
            destinations: BTreeMap::new(),
        }
    }

    /// Whether all was delivered or handed over; something may have been so twice.
    pub fn is_complete(&self) -> bool {
        let undelivered = [self.ambiguous, self.dropped, self.pending];
        undelivered.iter().all(Amount::is_zero) && self.refusals.is_empty()
    }
}

impl fmt::Display for FlushReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.destinations.is_empty() {
            return one_line::write_each(f, &self.destinations);
        }
        let sent = one_line::sum(self.delivered, self.handed_over);
        let rest = [
            ("handed over", self.handed_over),
            ("repeated", self.repeated),
            ("refused", self.refused),
            ("ambiguous", self.ambiguous),
            ("dropped", self.dropped),
            ("journaled", self.journaled),
        ];
        one_line::write_amounts(f, sent, self.pending, &rest)?;
        self.health.write_behind(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(data: u64, samples: u64) -> Amount {
        let mut amount = Amount::default();
        (amount.data, amount.samples) = (data, samples);
        amount
    }

    #[test]
    fn a_report_is_one_line_without_zeros() {
        let mut report = FlushReport::default();
        assert_eq!(report.to_string(), "sent 0, pending 0");
        report.delivered = amount(2, 13);
        assert_eq!(report.to_string(), "sent 13, pending 0");
        report.handed_over = amount(1, 4);
        report.repeated = amount(1, 3);
        // What never got into a datum.
        report.refused = amount(0, 2);
        report.ambiguous = amount(1, 5);
        report.dropped = amount(1, 6);
        report.pending = amount(3, 8);
        report.journaled = amount(1, 7);
        assert_eq!(
            report.to_string(),
            "sent 17, pending 8, handed over 4, repeated 3, refused 2, ambiguous 5, dropped 6, journaled 7"
        );
    }

    #[test]
    fn data_without_samples_are_not_hidden() {
        let report = FlushReport {
            pending: amount(1, 0),
            ..FlushReport::default()
        };
        assert!(!report.is_complete());
        assert_eq!(report.to_string(), "sent 0, pending 0 (data: 1)");
    }
}
