//! How far the service's clock is from ours.

use crate::window::StorageResolution;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Less than this is no matter: an answer takes a while, and `Date` has whole seconds.
const TOLERANCE_MS: u64 = 60_000;

/// What the service's answers say of our clock. Clones know the same.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    known: Arc<Known>,
    corrects: bool,
}

#[derive(Debug, Default)]
struct Known {
    /// How far the service is ahead of us, where that is beyond the tolerance; else zero.
    ahead_ms: AtomicI64,
    is_off: AtomicBool,
}

impl Skew {
    pub(crate) fn new(corrects: bool) -> Self {
        Self {
            known: Arc::default(),
            corrects,
        }
    }

    /// Takes note of the service's time at ours; gives whether that changes what is corrected.
    pub(super) fn learn(&self, service: SystemTime, ours: SystemTime) -> bool {
        let ahead_ms = match service.duration_since(ours) {
            Ok(ahead) => milliseconds(ahead),
            Err(behind) => -milliseconds(behind.duration()),
        };
        let is_off = ahead_ms.unsigned_abs() > TOLERANCE_MS;
        let ahead_ms = if is_off { ahead_ms } else { 0 };
        let before = self.known.ahead_ms.swap(ahead_ms, Ordering::Relaxed);
        if is_off != self.known.is_off.swap(is_off, Ordering::Relaxed) {
            self.log(is_off, ahead_ms);
        }
        self.corrects && before.abs_diff(ahead_ms) > TOLERANCE_MS
    }

    fn log(&self, is_off: bool, ahead_ms: i64) {
        let seconds = ahead_ms / 1_000;
        if !is_off {
            tracing::info!("this machine's clock is right again");
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

    /// A time stamp of our clock's as the service would have given it.
    pub(super) fn correct(&self, ours: SystemTime, resolution: StorageResolution) -> SystemTime {
        let ahead_ms = self.known.ahead_ms.load(Ordering::Relaxed);
        if ahead_ms == 0 || !self.corrects {
            return ours;
        }
        let by = Duration::from_millis(ahead_ms.unsigned_abs());
        let theirs = if ahead_ms > 0 {
            ours.checked_add(by)
        } else {
            ours.checked_sub(by)
        };
        theirs.map_or(ours, |theirs| resolution.start_of(theirs))
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_minute_is_tolerated_and_more_is_corrected() {
        let skew = Skew::new(true);
        let correct = |ours| skew.correct(at(ours), StorageResolution::Standard);
        assert!(!skew.learn(at(10_060), at(10_000)));
        assert_eq!(correct(600), at(600));
        assert!(skew.learn(at(13_661), at(10_000)));
        // 3,661 s ahead, at the start of a minute.
        assert_eq!(correct(600), at(4_260));
        // Not news again.
        assert!(!skew.learn(at(13_665), at(10_001)));
        assert!(skew.learn(at(6_400), at(10_000)));
        assert_eq!(correct(7_200), at(3_600));
        assert!(skew.learn(at(10_000), at(10_000)));
        assert_eq!(correct(600), at(600));
    }

    #[test]
    fn who_opts_out_is_not_corrected() {
        let skew = Skew::new(false);
        assert!(!skew.learn(at(20_000), at(10_000)));
        assert_eq!(skew.correct(at(600), StorageResolution::High), at(600));
    }
}
