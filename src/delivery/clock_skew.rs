//! How far the service's clock is from the exporter's, and the time stamps that are sent because of it.

use crate::delivery::best_clock::{BestClock, LONGEST_WINDOW, TheirTime, is_plausible};
use crate::limits::{MAX_AGE, TimestampFault};
use crate::model::attempt::ServiceClock;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::send_result::{SendError, Sent};
use crate::model::storage_resolution::StorageResolution;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Up to this nothing is corrected: an answer takes a while, and `Date` has whole seconds.
const BEGINS_BEYOND_MS: u64 = 60_000;
/// Once it is corrected, only below this it no longer is.
const ENDS_BELOW_MS: u64 = 30_000;
/// What is known stays known as long as it is not further off than this. Each change moves windows against each
/// other, so there are few.
const TOLERANCE_MS: u64 = 30_000;

/// What is known of the service's time may be older by some seconds.
const ROUGHLY: Duration = Duration::from_mins(1);

/// An answer that took longer tells no time: the process may have been frozen in between.
const LONGEST: Duration = Duration::from_secs(10);

/// What is off by more is believed once two answers in a row say so.
const MAX_UNCONFIRMED_MS: u64 = 24 * 3_600 * 1_000;
/// So many answers in a row that contradict what is known excuse what was refused with them.
const MAX_DOUBTS: u32 = 3;
/// Offsets of the past that are remembered, for what was stamped while they were true.
const MAX_PAST: usize = 4;
/// A line about the clock holds for so long.
const SAID_FOR: Duration = Duration::from_mins(1);

/// What the service's answers say of the exporter's clock.
#[derive(Debug)]
pub(crate) struct ClockSkew {
    now: Offset,
    past: VecDeque<Offset>,
    /// What one answer said that is not believed yet.
    unconfirmed_ms: Option<i64>,
    doubts: u32,
    /// How often the service's clock showed another time than was expected, as after the machine was suspended.
    surprises: u32,
    corrects: bool,
    best: BestClock,
    /// The exporter's clock at the start.
    start: BestClock,
    /// What the log has heard of last, and when.
    said_ms: i64,
    said_at: Option<Instant>,
}

/// What was known of the exporter's clock while it showed these times.
#[derive(Clone, Copy, Debug)]
struct Offset {
    /// How far the service is ahead of the exporter; zero as long as that is tolerated.
    ahead_ms: i64,
    from: SystemTime,
    to: SystemTime,
}

/// What is added to time stamps that are by the exporter's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    ahead_ms: i64,
    /// Of the service's time as it was known then.
    surprises: u32,
}

impl ClockSkew {
    /// It is `now` by the exporter's clock.
    pub(crate) fn new(corrects: bool, now: SystemTime) -> Self {
        let best = BestClock::ours(now);
        Self {
            now: Offset::new(0, now),
            past: VecDeque::new(),
            unconfirmed_ms: None,
            doubts: 0,
            surprises: 0,
            corrects,
            best,
            start: best,
            said_ms: 0,
            said_at: None,
        }
    }

    /// What an attempt sends that starts `now` by the exporter's clock: the batch, or a copy with other time stamps if
    /// there is something to correct. What waits keeps the exporter's own, as the correction may be another by then.
    pub(crate) fn correct(&self, batch: &Arc<Batch>, now: SystemTime) -> (Arc<Batch>, Correction) {
        let (correction, theirs) = (self.correction(), self.theirs(now));
        let is_plain =
            correction.ahead_ms == 0 && self.is_plain([batch.oldest(), batch.newest()], theirs);
        if is_plain {
            return (Arc::clone(batch), correction);
        }
        let mut data = batch.data().to_vec();
        for datum in data.iter_mut().filter(|datum| datum.is_by_clock) {
            let stamp = self.stamp(datum, now, theirs);
            datum.timestamp = stamp.unwrap_or_else(|_| correction.of_datum(datum, theirs.at_least));
        }
        let corrected = batch.part(data);
        let batch = corrected.map_or_else(|| Arc::clone(batch), Arc::new);
        (batch, correction)
    }

    /// The destination's time, `now` by the exporter's clock.
    pub(crate) fn theirs(&self, now: SystemTime) -> TheirTime {
        let ours = Correction::of_ms(self.now.ahead_ms).shift(now);
        self.best.theirs(ours.unwrap_or(now))
    }

    /// Whether the destination takes these stamps, by whatever clock they are.
    pub(crate) fn is_plain(&self, stamps: [SystemTime; 2], theirs: TheirTime) -> bool {
        let correction = self.correction();
        let takes = |stamp: SystemTime| {
            let corrected = correction.shift(stamp).unwrap_or(stamp);
            let is_taken = theirs.check(stamp).is_ok() && theirs.check(corrected).is_ok();
            is_taken && is_plausible(corrected)
        };
        stamps.into_iter().all(takes)
    }

    /// The time stamp that a datum is sent with, `now` by the exporter's clock, if the destination takes it.
    ///
    /// One that is by the exporter's clock may have been given before the clock jumped. What was known of the clock then is
    /// what is right for it.
    pub(crate) fn stamp(
        &self,
        datum: &Datum,
        now: SystemTime,
        theirs: TheirTime,
    ) -> Result<SystemTime, TimestampFault> {
        let ours = datum.timestamp;
        if !datum.is_by_clock {
            return theirs.check(ours).map(|()| ours);
        }
        let checked = |correction: Correction| {
            let stamp = correction.of_datum(datum, theirs.at_least);
            theirs.check(stamp).map(|()| stamp)
        };
        let is_right = |stamp: &Result<SystemTime, _>| stamp.is_ok_and(is_plausible);
        let mut first = checked(self.correction());
        if first == Err(TimestampFault::TooOld) && self.best.is_unsure_of(ours) {
            first = Ok(ours);
        }
        if is_right(&first) || !self.corrects {
            return first;
        }
        let others = self.other_corrections(ours, now);
        others.map(checked).find(is_right).unwrap_or(first)
    }

    /// By which else a time stamp may have to be corrected that is out of range with what is known now.
    fn other_corrections(
        &self,
        stamp: SystemTime,
        now: SystemTime,
    ) -> impl Iterator<Item = Correction> {
        let past = self.past.iter().filter(move |past| past.has(stamp));
        let past = past.map(|past| past.ahead_ms);
        // The clock was set back since an answer.
        let shows = self.best.shows();
        let set_back = (now < shows).then(|| ahead_ms(shows, now));
        // A clock without a battery started in 1970, or when the machine was built, and was set since.
        let is_unset = !is_plausible(stamp);
        let set = is_unset.then(|| ahead_ms(now, self.start.shows()));
        // By an earlier process, whose clock was right where this one's is not.
        let later = (stamp > now).then_some(0);
        let all = past.chain(set_back).chain(set).chain(later);
        all.map(Correction::of_ms)
    }

    /// Learns from what the service told an attempt that was sent with this correction, and says what its result is
    /// taken for. If another correction is known by now, or may be, the time may be all that was wrong: a refusal is
    /// transient.
    pub(crate) fn judge(
        &mut self,
        correction: Correction,
        told: Option<ServiceClock>,
        result: Result<Sent, SendError>,
    ) -> Result<Sent, SendError> {
        let is_in_doubt = told.is_some_and(|told| self.learn(told));
        match result {
            Err(error) if is_in_doubt || correction != self.correction() => Err(match error {
                SendError::Invalid { .. } => SendError::Transient(error.to_string().into()),
                SendError::Denied(error) => SendError::Transient(error),
                error => error,
            }),
            result => result,
        }
    }

    fn correction(&self) -> Correction {
        Correction {
            ahead_ms: if self.corrects { self.now.ahead_ms } else { 0 },
            surprises: self.surprises,
        }
    }

    /// Gives whether it is in doubt: another answer has to say the same.
    fn learn(&mut self, told: ServiceClock) -> bool {
        let Ok(took) = told.told_at.duration_since(told.left_at) else {
            // The clock was set back, so that neither time is right.
            return false;
        };
        if took > LONGEST || !is_plausible(told.shows) {
            return false;
        }
        let is_surprise = ahead_ms(told.shows, self.best.shows()).unsigned_abs() > BEGINS_BEYOND_MS;
        let known = self.now.ahead_ms;
        let seen = ahead_ms(told.shows, told.left_at + took / 2);
        let is_news = seen.abs_diff(known) > TOLERANCE_MS;
        if is_news && seen.unsigned_abs() > MAX_UNCONFIRMED_MS {
            let before = self.unconfirmed_ms.replace(seen);
            if before.is_none_or(|before| before.abs_diff(seen) > TOLERANCE_MS) {
                return self.doubt(true);
            }
        }
        self.unconfirmed_ms = None;
        self.best = BestClock::told(told.shows);
        self.now.to = self.now.to.max(told.told_at);
        let next = next(known, seen);
        if next != known {
            self.past.push_front(self.now);
            self.past.truncate(MAX_PAST);
            self.now = Offset::new(next, told.told_at);
        }
        self.say(Instant::now());
        // What left before was judged by another time: it may be set right, or refused for its age by name.
        if self.doubt(is_surprise) {
            self.surprises = self.surprises.wrapping_add(1);
        }
        false
    }

    /// Not without end: a service whose clock is another one each time may refuse data all the same.
    fn doubt(&mut self, is_in_doubt: bool) -> bool {
        self.doubts = if is_in_doubt {
            self.doubts.saturating_add(1)
        } else {
            0
        };
        is_in_doubt && self.corrects && self.doubts <= MAX_DOUBTS
    }

    /// Says what is known, if the log has heard of another offset: once a minute, as each answer may tell another one.
    fn say(&mut self, now: Instant) {
        let ahead_ms = self.now.ahead_ms;
        let is_soon = |said: Instant| now.saturating_duration_since(said) < SAID_FOR;
        if ahead_ms == self.said_ms || self.said_at.is_some_and(is_soon) {
            return;
        }
        self.said_at = Some(now);
        let before = std::mem::replace(&mut self.said_ms, ahead_ms);
        self.log(before, ahead_ms);
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

impl Offset {
    fn new(ahead_ms: i64, now: SystemTime) -> Self {
        Self {
            ahead_ms,
            from: now,
            to: now,
        }
    }

    /// Whether a datum with this time stamp may have been stamped then.
    fn has(&self, stamp: SystemTime) -> bool {
        let from = self.from.checked_sub(LONGEST_WINDOW);
        from.is_none_or(|from| from <= stamp) && stamp <= self.to
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
    pub(crate) const NONE: Self = Self {
        ahead_ms: 0,
        surprises: 0,
    };

    fn of_ms(ahead_ms: i64) -> Self {
        Self {
            ahead_ms,
            ..Self::NONE
        }
    }

    fn shift(self, ours: SystemTime) -> Option<SystemTime> {
        let by = Duration::from_millis(self.ahead_ms.unsigned_abs());
        if self.ahead_ms > 0 {
            ours.checked_add(by)
        } else {
            ours.checked_sub(by)
        }
    }

    fn of_datum(self, datum: &Datum, their_now: SystemTime) -> SystemTime {
        self.of(datum.timestamp, datum.storage_resolution, their_now)
    }

    /// A time stamp of the exporter's clock as the service would have given it, whose clock shows
    /// `their_now` at least.
    fn of(
        self,
        ours: SystemTime,
        resolution: StorageResolution,
        their_now: SystemTime,
    ) -> SystemTime {
        let theirs = self.shift(ours).filter(|_| self.ahead_ms != 0);
        let Some(theirs) = theirs else {
            return ours;
        };
        let start = resolution.start_of(theirs);
        // The start of its window may be too old where it is not.
        let age = their_now.duration_since(start).unwrap_or_default();
        if age + ROUGHLY > MAX_AGE {
            theirs
        } else {
            start
        }
    }
}

#[cfg(test)]
mod tests;
