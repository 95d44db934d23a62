//! Time stamps that became too old, or turned out too far ahead, while their data waited.

use crate::delivery::ledger::Outcome;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::limits::{self, TimestampFault};
use crate::model::datum::Datum;
use crate::model::refusal::Refusal;
use std::time::SystemTime;

impl QueuedBatch {
    /// What the destination would refuse for its time, if there is any such, apart from the rest; what the clock is
    /// to blame for is set right.
    pub(crate) fn misdated(&self, now: SystemTime) -> Option<Verdict> {
        let newest = self.aside().map(|datum| datum.timestamp);
        let newest = newest.fold(self.batch.newest(), SystemTime::max);
        // All others lie between the oldest and the newest.
        let mut ends = [self.oldest(), newest].into_iter();
        ends.find_map(|timestamp| limits::check_timestamp(timestamp, now).err())?;
        let fault = |datum: &Datum| limits::check_timestamp(datum.timestamp, now).err();
        let mut verdict = Verdict::default();
        let mut rest = Vec::new();
        for datum in self.data() {
            let one = std::slice::from_ref(datum);
            match fault(datum) {
                None => rest.push(datum.clone()),
                // The clock was set back since. It was before now in any case.
                Some(TimestampFault::TooFarAhead) if datum.is_by_clock => rest.push(Datum {
                    timestamp: datum.storage_resolution.start_of(now),
                    ..datum.clone()
                }),
                Some(_) if self.is_repeated => {
                    let settled = self.settled_in_part(one, Outcome::Ambiguous);
                    verdict.settled.push(settled);
                }
                Some(fault) => verdict
                    .settled
                    .push(self.refused(one, &Refusal::Timestamp(fault))),
            }
        }
        verdict.rest = self.part(rest);
        Some(verdict)
    }
}
