//! Windows, aligned to the clock: by the minute, unless the period is another one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A window of time that samples are aggregated over; its data are stamped with its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    start: SystemTime,
    period: Duration,
}

impl Window {
    /// The window that `now` is in.
    pub(crate) fn at(now: SystemTime, period: Duration) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let into = since % period.as_secs().max(1);
        Self {
            start: UNIX_EPOCH + Duration::from_secs(since - into),
            period,
        }
    }

    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    pub(crate) fn end(&self) -> SystemTime {
        self.start + self.period
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// The window of `now`, if it is another one: a later one, or an earlier one where the clock was set back by
    /// more than a window. A smaller step back is waited out, so that no window is there twice.
    pub(crate) fn next(&self, now: SystemTime) -> Option<Self> {
        let next = Self::at(now, self.period);
        let is_little = self.start <= now + self.period;
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

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn windows_are_aligned_to_the_clock() {
        let minute = Window::at(at(1_000_000_019.9), Duration::from_mins(1));
        assert_eq!(minute.start(), at(999_999_960.0));
        assert_eq!(minute.end(), at(1_000_000_020.0));
        let second = Window::at(at(1_000_000_019.9), Duration::from_secs(1));
        assert_eq!(second.start(), at(1_000_000_019.0));
        assert_eq!(second.end(), at(1_000_000_020.0));
        let hour = Window::at(at(1_000_000_019.9), Duration::from_hours(1));
        assert_eq!(hour.start(), at(999_997_200.0));
        assert_eq!(hour.end(), at(1_000_000_800.0));
    }

    #[test]
    fn a_window_ends_at_its_end_or_when_the_clock_is_set_back() {
        let window = Window::at(at(120.0), Duration::from_mins(1));
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
