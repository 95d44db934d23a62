//! Windows, aligned to the clock: the minute, or the second.

use crate::model::storage_resolution::StorageResolution;
use std::time::SystemTime;

/// A window of time that samples are aggregated over; its data are stamped with its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    start: SystemTime,
    resolution: StorageResolution,
}

impl Window {
    /// The window that `now` is in.
    pub(crate) fn at(now: SystemTime, resolution: StorageResolution) -> Self {
        Self {
            start: resolution.start_of(now),
            resolution,
        }
    }

    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    pub(crate) fn end(&self) -> SystemTime {
        self.start + self.resolution.period()
    }

    pub(crate) fn resolution(&self) -> StorageResolution {
        self.resolution
    }

    /// The window of `now`, if it is another one: a later one, or an earlier one where the clock was set back by
    /// more than a window. A smaller step back is waited out, so that no window is there twice.
    pub(crate) fn next(&self, now: SystemTime) -> Option<Self> {
        let next = Self::at(now, self.resolution);
        let is_little = self.start <= now + self.resolution.period();
        let is_earlier = next.start < self.start && !is_little;
        (next.start > self.start || is_earlier).then_some(next)
    }

    /// Whether there are others between this one and a later one: nobody looked at the clock for so long.
    pub(crate) fn is_far_from(&self, later: &Self) -> bool {
        later.start > self.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn windows_are_aligned_to_the_clock() {
        let minute = Window::at(at(1_000_000_019.9), StorageResolution::Standard);
        assert_eq!(minute.start(), at(999_999_960.0));
        assert_eq!(minute.end(), at(1_000_000_020.0));
        let second = Window::at(at(1_000_000_019.9), StorageResolution::High);
        assert_eq!(second.start(), at(1_000_000_019.0));
        assert_eq!(second.end(), at(1_000_000_020.0));
    }

    #[test]
    fn a_window_ends_at_its_end_or_when_the_clock_is_set_back() {
        let window = Window::at(at(120.0), StorageResolution::Standard);
        assert_eq!(window.next(at(120.0)), None);
        assert_eq!(window.next(at(179.999)), None);
        // Set back by a little.
        assert_eq!(window.next(at(119.9)), None);
        assert_eq!(window.next(at(60.0)), None);
        for (now, start) in [(180.0, 180.0), (3_725.0, 3_720.0), (59.9, 0.0)] {
            assert_eq!(window.next(at(now)).unwrap().start(), at(start), "{now}");
        }
        let far = |now| window.is_far_from(&window.next(at(now)).unwrap());
        assert_eq!(
            [180.0, 239.9, 240.0, 59.9].map(far),
            [false, false, true, false]
        );
    }
}
