//! Time stamps that became too old, or turned out too far ahead, while their data waited.

use crate::delivery::clock_skew::ClockSkew;
use crate::delivery::ledger::Outcome;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::limits::TimestampFault;
use crate::model::datum::Datum;
use crate::model::refusal::Refusal;
use std::time::SystemTime;

impl QueuedBatch {
    /// What the destination would refuse for its time, if there is any such, apart from the rest; what the clock is
    /// to blame for is set right. It is `now` by the exporter's clock, and judged by the best clock known.
    pub(crate) fn misdated(&self, clock_skew: &ClockSkew, now: SystemTime) -> Option<Verdict> {
        let theirs = clock_skew.theirs(now);
        let newest = self.aside().map(|datum| datum.timestamp);
        let newest = newest.fold(self.batch.newest(), SystemTime::max);
        // All others lie between the oldest and the newest.
        if clock_skew.is_plain([self.oldest(), newest], theirs) {
            return None;
        }
        let fault = |datum: &Datum| clock_skew.stamp(datum, now, theirs).err();
        let mut verdict = Verdict::default();
        let mut rest = Vec::new();
        let mut is_changed = false;
        for datum in self.data() {
            let one = std::slice::from_ref(datum);
            let fault = fault(datum);
            is_changed |= fault.is_some();
            match fault {
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
        is_changed.then_some(verdict)
    }
}
