//! The service's clock, which tests can move, and its way of writing time down.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What the service takes for the present.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A wire timestamp, rounded to the millisecond, which is as fine as the service keeps time.
/// `None` if no clock can show it.
pub(crate) fn from_seconds(seconds: f64) -> Option<SystemTime> {
    let distance = Duration::try_from_secs_f64(seconds.abs()).ok()?;
    let rounded = distance.checked_add(Duration::from_micros(500))?;
    let millis = Duration::from_millis(u64::try_from(rounded.as_millis()).ok()?);
    if seconds < 0.0 {
        SystemTime::UNIX_EPOCH.checked_sub(millis)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(millis)
    }
}

/// Milliseconds since the epoch, rounded down; times that do not fit are clamped.
pub(crate) fn millis(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration().as_nanos().div_ceil(1_000_000);
            i64::try_from(before).map_or(i64::MIN, |millis| -millis)
        }
    }
}
