//! How far the service's clock is from ours.

use crate::limits::MAX_AGE;
use crate::window::StorageResolution;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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

/// What the service's answers say of our clock. Clones know the same.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    /// How far the service is ahead of us, if that is to be corrected; else zero.
    ahead_ms: Arc<AtomicI64>,
    corrects: bool,
}

/// What is added to our clock's time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Correction {
    ahead_ms: i64,
}

impl Skew {
    pub(crate) fn new(corrects: bool) -> Self {
        Self {
            ahead_ms: Arc::default(),
            corrects,
        }
    }

    pub(super) fn correction(&self) -> Correction {
        let known = self.ahead_ms.load(Ordering::Relaxed);
        Correction {
            ahead_ms: if self.corrects { known } else { 0 },
        }
    }

    /// Takes note of the service's time in an answer, and of ours before the request and after the answer.
    pub(super) fn learn(&self, service: SystemTime, before: SystemTime, after: SystemTime) {
        let Ok(took) = after.duration_since(before) else {
            // It was set back, so that neither time is right.
            return;
        };
        if took > LONGEST {
            return;
        }
        let seen = ahead_ms(service, before + took / 2);
        let known = self
            .ahead_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| {
                let next = next(known, seen);
                (next != known).then_some(next)
            });
        if let Ok(known) = known {
            self.log(known, next(known, seen));
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
    /// A time stamp of our clock's as the service would have given it, `now` by our clock.
    pub(super) fn of(
        self,
        ours: SystemTime,
        resolution: StorageResolution,
        now: SystemTime,
    ) -> SystemTime {
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    const HALF_A_MINUTE: i64 = 30_000;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn at_ms(ms: i64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs())
    }

    impl Skew {
        /// An answer at once.
        fn hear(&self, service: SystemTime, ours: SystemTime) {
            self.learn(service, ours, ours);
        }

        fn minute(&self, ours: u64) -> SystemTime {
            self.correction()
                .of(at(ours), StorageResolution::Standard, at(ours))
        }
    }

    #[test]
    fn a_minute_is_tolerated_and_more_is_corrected() {
        let skew = Skew::new(true);
        skew.hear(at(10_060), at(10_000));
        assert_eq!(skew.minute(600), at(600));
        skew.hear(at(13_661), at(10_000));
        // 3,661 s ahead, at the start of a minute.
        assert_eq!(skew.minute(600), at(4_260));
        let known = skew.correction();
        skew.hear(at(13_665), at(10_001));
        assert_eq!(skew.correction(), known);
        skew.hear(at(6_400), at(10_000));
        assert_eq!(skew.minute(7_200), at(3_600));
        skew.hear(at(10_000), at(10_000));
        assert_eq!(skew.minute(600), at(600));
    }

    #[test]
    fn it_begins_beyond_a_minute_and_ends_below_half_of_one() {
        let skew = Skew::new(true);
        let corrected = |seen: u64| {
            skew.hear(at(10_000 + seen), at(10_000));
            skew.correction().ahead_ms / 1_000
        };
        for (seen, expected) in [
            (60, 0),
            (61, 61),
            (59, 61),
            (31, 61),
            (30, 30),
            (59, 30),
            (61, 61),
            (29, 0),
            (31, 0),
            (59, 0),
        ] {
            assert_eq!(corrected(seen), expected, "{seen}");
        }
    }

    #[test]
    fn who_opts_out_is_not_corrected() {
        let skew = Skew::new(false);
        skew.hear(at(20_000), at(10_000));
        assert_eq!(skew.minute(600), at(600));
    }

    #[test]
    fn what_took_long_tells_no_time() {
        for (before, after) in [(10_000, 13_600), (10_000, 10_011), (13_600, 10_000)] {
            let skew = Skew::new(true);
            skew.learn(at(10_000), at(before), at(after));
            assert_eq!(skew.correction().ahead_ms, 0, "{before} to {after}");
            skew.learn(at(20_000), at(before), at(after));
            assert_eq!(skew.correction().ahead_ms, 0, "{before} to {after}");
        }
        let skew = Skew::new(true);
        skew.learn(at(20_005), at(10_000), at(10_010));
        assert_eq!(skew.correction().ahead_ms, 10_000_000);
    }

    #[test]
    fn a_time_beyond_reach_moves_nothing() {
        let skew = Skew::new(true);
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        for (service, ours) in [(at(0), last), (last, at(0))] {
            skew.hear(service, ours);
            let _ = skew
                .correction()
                .of(at(1), StorageResolution::High, at(100));
            let _ = skew
                .correction()
                .of(last, StorageResolution::Standard, at(0));
        }
    }

    #[test]
    fn data_near_two_weeks_old_do_not_grow_too_old_by_it() {
        let skew = Skew::new(true);
        let now = at(1_750_000_000);
        skew.hear(now + Duration::from_millis(3_599_500), now);
        let their_now = now + Duration::from_millis(3_599_500);
        for age in [0, 1, 30, 59, 60, 61, 119, 600] {
            for resolution in [StorageResolution::Standard, StorageResolution::High] {
                let ours = now - MAX_AGE + Duration::from_secs(age);
                let stamp = skew.correction().of(ours, resolution, now);
                assert!(
                    their_now.duration_since(stamp).unwrap() <= MAX_AGE,
                    "{age} s"
                );
            }
        }
    }

    proptest! {
        /// Around any offset, with answers that all say a little different.
        #[test]
        fn while_the_offset_wanders_windows_stay_apart_and_a_retry_keeps_its_stamp(
            center in prop_oneof![-200_000_i64..200_000, -100_000_000_i64..100_000_000],
            wander in prop::collection::vec(0..HALF_A_MINUTE, 20),
            is_high: bool,
        ) {
            let resolution = if is_high {
                StorageResolution::High
            } else {
                StorageResolution::Standard
            };
            let (skew, origin) = (Skew::new(true), 1_749_999_960_000_i64);
            let mut first = Vec::new();
            let mut changes = 0;
            let mut known = skew.correction();
            for (number, wander) in (0_i64..).zip(wander) {
                let ours = origin + number * i64::from(resolution.seconds()) * 1_000;
                skew.hear(at_ms(ours + center + wander), at_ms(ours));
                changes += u32::from(skew.correction() != known);
                known = skew.correction();
                first.push((ours, known, known.of(at_ms(ours), resolution, at_ms(ours))));
            }
            // It may begin once.
            prop_assert!(changes <= 1);
            let (is_known, before): (Vec<_>, Vec<_>) =
                first.into_iter().partition(|(_, correction, _)| *correction == known);
            prop_assert!(before.iter().all(|(ours, _, stamp)| at_ms(*ours) == *stamp));
            for (ours, _, stamp) in &is_known {
                prop_assert_eq!(known.of(at_ms(*ours), resolution, at_ms(*ours + 60_000)), *stamp);
            }
            for pair in is_known.windows(2) {
                prop_assert_eq!(pair[1].2.duration_since(pair[0].2).unwrap(), resolution.period());
            }
        }
    }
}
