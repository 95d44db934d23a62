//! How far the service's clock is from the exporter's, and the time stamps that are sent because of it.

use crate::limits::MAX_AGE;
use crate::model::attempt::ServiceClock;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::send_result::{SendError, Sent};
use crate::model::storage_resolution::StorageResolution;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Up to this nothing is corrected: an answer takes a while, and `Date` has whole seconds.
const BEGINS_BEYOND_MS: u64 = 60_000;
/// Once it is corrected, only below this it no longer is.
const ENDS_BELOW_MS: u64 = 30_000;
/// What is known stays known as long as it is not further off than this. Each change moves windows against each
/// other, so there are few.
const TOLERANCE_MS: u64 = 30_000;

/// An answer that took longer tells no time: the process may have been frozen in between.
const LONGEST: Duration = Duration::from_secs(10);

/// What the service's answers say of the exporter's clock.
#[derive(Debug)]
pub(crate) struct ClockSkew {
    /// How far the service is ahead of the exporter; zero as long as that is tolerated.
    ahead_ms: i64,
    corrects: bool,
}

/// What is added to time stamps that are by the exporter's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    ahead_ms: i64,
}

impl ClockSkew {
    pub(crate) fn new(corrects: bool) -> Self {
        Self {
            ahead_ms: 0,
            corrects,
        }
    }

    /// What an attempt sends that starts `now` by the exporter's clock: the batch, or a copy with other time stamps if
    /// there is something to correct. What waits keeps the exporter's own, as the correction may be another by then.
    pub(crate) fn correct(&self, batch: &Arc<Batch>, now: SystemTime) -> (Arc<Batch>, Correction) {
        let correction = self.correction();
        let corrected = (correction.ahead_ms != 0)
            .then(|| batch.part(correction.data(batch, now)))
            .flatten();
        let batch = corrected.map_or_else(|| Arc::clone(batch), Arc::new);
        (batch, correction)
    }

    /// Learns from what the service told an attempt that was sent with this correction, and says what its result is
    /// taken for. If another correction is known by now, the time may be all that was wrong: a refusal is transient.
    pub(crate) fn judge(
        &mut self,
        correction: Correction,
        told: Option<ServiceClock>,
        result: Result<Sent, SendError>,
    ) -> Result<Sent, SendError> {
        if let Some(told) = told {
            self.learn(told);
        }
        match result {
            Err(error) if correction != self.correction() => Err(match error {
                SendError::Invalid { .. } => SendError::Transient(error.to_string().into()),
                SendError::Denied(error) => SendError::Transient(error),
                error => error,
            }),
            result => result,
        }
    }

    fn correction(&self) -> Correction {
        Correction {
            ahead_ms: if self.corrects { self.ahead_ms } else { 0 },
        }
    }

    fn learn(&mut self, told: ServiceClock) {
        let Ok(took) = told.told_at.duration_since(told.left_at) else {
            // The clock was set back, so that neither time is right.
            return;
        };
        if took > LONGEST {
            return;
        }
        let next = next(self.ahead_ms, ahead_ms(told.shows, told.left_at + took / 2));
        if next != self.ahead_ms {
            self.log(self.ahead_ms, next);
            self.ahead_ms = next;
        }
    }

    fn log(&self, before: i64, ahead_ms: i64) {
        let seconds = ahead_ms / 1_000;
        if ahead_ms == 0 {
            tracing::info!("this machine's clock is right again");
        } else if before != 0 {
            tracing::info!(seconds, "this machine's clock is off by another amount");
        } else if self.corrects {
            tracing::warn!(
                seconds,
                "this machine's clock is off: the service is so far ahead of it; time stamps are corrected"
            );
        } else {
            tracing::warn!(
                seconds,
                "this machine's clock is off: the service is so far ahead of it"
            );
        }
    }
}

/// What is known after `seen`.
fn next(known: i64, seen: i64) -> i64 {
    let off = seen.unsigned_abs();
    if known == 0 {
        return if off > BEGINS_BEYOND_MS { seen } else { 0 };
    }
    if off < ENDS_BELOW_MS {
        0
    } else if seen.abs_diff(known) > TOLERANCE_MS {
        seen
    } else {
        known
    }
}

fn ahead_ms(service: SystemTime, ours: SystemTime) -> i64 {
    match service.duration_since(ours) {
        Ok(ahead) => milliseconds(ahead),
        Err(behind) => -milliseconds(behind.duration()),
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Correction {
    pub(crate) const NONE: Self = Self { ahead_ms: 0 };

    /// The data as an attempt sends them, `now` by the exporter's clock.
    fn data(self, batch: &Batch, now: SystemTime) -> Vec<Datum> {
        let mut data = batch.data().to_vec();
        for datum in &mut data {
            if datum.is_by_clock {
                datum.timestamp = self.of(datum.timestamp, datum.storage_resolution, now);
            }
        }
        data
    }

    /// A time stamp of the exporter's clock as the service would have given it, `now` by the exporter's clock.
    fn of(self, ours: SystemTime, resolution: StorageResolution, now: SystemTime) -> SystemTime {
        if self.ahead_ms == 0 {
            return ours;
        }
        let by = Duration::from_millis(self.ahead_ms.unsigned_abs());
        let theirs = if self.ahead_ms > 0 {
            ours.checked_add(by)
        } else {
            ours.checked_sub(by)
        };
        let Some(theirs) = theirs else { return ours };
        let start = resolution.start_of(theirs);
        // The start of its window may be too old where it is not.
        let rounded = theirs.duration_since(start).unwrap_or_default();
        let age = now.duration_since(ours).unwrap_or_default();
        if age + rounded > MAX_AGE {
            theirs
        } else {
            start
        }
    }
}

#[cfg(test)]
mod tests;
