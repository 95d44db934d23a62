//! What became of what a flush covers.

use crate::delivery::ledger::{Account, FlushAccount};
use crate::model::amount::Amount;
use crate::model::refusal::Refused;

/// What became of everything that was recorded before a flush and not settled by then. What was
/// settled earlier, as a window ended, is in [`Stats`](crate::Stats).
///
/// `entered` is `delivered`, `handed_over`, `refused`, `ambiguous`, `dropped` and `pending` added up.
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
    /// The same by series and reason; the first 10,000 of them.
    pub refusals: Vec<Refused>,
    /// Given up, as nobody knows whether they arrived: by [`Delivery::AtMostOnce`](crate::Delivery), for want of
    /// room after such an attempt, or under way when the time of a shutdown was up.
    pub ambiguous: Amount,
    /// Given up because the queue was full. They did not arrive.
    pub dropped: Amount,
    /// Not delivered when the flush's time was up. The exporter goes on trying, unless it was shut down; with a
    /// [journal](crate::CloudWatchBuilder::with_journal) that has them the next process does.
    pub pending: Amount,
    /// Of those that are pending, what is in the journal alone, as there was no room in the queue.
    pub journaled: Amount,
}

impl FlushReport {
    pub(crate) fn new(flush: FlushAccount, journaled: Amount) -> Self {
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
        }
    }

    /// Whether all was delivered or handed over; something may have been so twice.
    pub fn is_complete(&self) -> bool {
        let undelivered = [self.ambiguous, self.dropped, self.pending];
        undelivered.iter().all(Amount::is_zero) && self.refusals.is_empty()
    }
}
