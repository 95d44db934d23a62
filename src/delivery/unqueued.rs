//! What was taken from its owner and is not queued yet: where a panic comes in between, it is lost, and accounted for.

use crate::delivery::ledger::{Ledger, Levels};
use crate::model::amount::Amount;
use crate::model::datum::Datum;
use std::sync::Arc;

/// Enters in the ledger what it has, as dropped, unless that was [queued](Self::queued).
pub(crate) struct Unqueued {
    ledger: Arc<Ledger>,
    amount: Amount,
}

impl Unqueued {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            amount: Amount::default(),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, datum: &Datum) {
        let samples = datum.samples;
        self.amount.add(Amount { data: 1, samples });
    }

    /// The queue has it all.
    pub(crate) fn queued(mut self) {
        self.amount = Amount::default();
    }
}

impl Drop for Unqueued {
    fn drop(&mut self) {
        let mut books = self.ledger.books();
        books.unqueued.add(self.amount);
        books.account.entered.add(self.amount);
        books.account.dropped.add(self.amount);
    }
}

impl Ledger {
    /// There was no room for a datum of so many samples, before it got into a batch.
    pub(crate) fn missed(&self, samples: u64) {
        let amount = Amount { data: 1, samples };
        let now = self.clock.now();
        let mut books = self.books();
        books.condition.dropped(now);
        let account = &mut books.account;
        account.entered.add(amount);
        account.dropped.add(amount);
    }

    /// Nobody will ever settle what is pending.
    pub(crate) fn give_up_pending(&self) {
        let mut books = self.books();
        let pending = std::mem::take(&mut books.account.pending);
        books.account.ambiguous.add(pending);
        books.levels = Levels::default();
    }
}
