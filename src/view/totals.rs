//! Totals: what an identity gained since it began, for destinations that take sums which only rise.
//!
//! A total has a start, and is told once in every window, whether it rose or not. The first one of a start says so: a
//! zero at the start goes before it, so that a reader sees the first increase. What time they have only rises, too,
//! whatever the clock does. A total takes a number, or a histogram's buckets, for as long as one of its series lives.

use crate::view::open_points::OpenPoint;
use crate::view::{TotalOf, What};
use std::time::{Duration, SystemTime};

/// What two times of one identity differ by at least. OTLP has nanoseconds, others milliseconds.
const STEP: Duration = Duration::from_millis(1);

/// The times of snapshots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TotalTimes {
    before: SystemTime,
    now: SystemTime,
}

impl TotalTimes {
    /// From when on there is something to total.
    pub(crate) fn since(start: SystemTime) -> Self {
        Self {
            before: start,
            now: start,
        }
    }

    /// The next snapshot begins, at this time or as soon after the one before as can be.
    pub(crate) fn begin(&mut self, at: SystemTime) {
        self.before = self.now;
        self.now = at.max(self.before + 2 * STEP);
    }

    /// When totals begin that this snapshot is the first to have.
    pub(crate) fn start(&self) -> SystemTime {
        self.before + STEP
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.now
    }
}

#[derive(Debug)]
pub(crate) struct RunningTotal {
    start: SystemTime,
    /// All that was told; none, if that is nothing.
    told: Option<OpenPoint>,
}

impl RunningTotal {
    pub(crate) fn new(start: SystemTime) -> Self {
        Self { start, told: None }
    }

    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    /// Adds what was recorded since, and tells the total if there is something new, or if that `repeats`.
    pub(crate) fn tell(
        &mut self,
        gained: Option<OpenPoint>,
        time: SystemTime,
        repeats: bool,
        mut tell: impl FnMut(What<'_>),
    ) {
        let samples = gained.as_ref().map_or(0, OpenPoint::samples);
        let (is_news, begins) = (gained.is_some(), self.told.is_none());
        match (&mut self.told, gained) {
            (Some(told), Some(gained)) => told.add(gained.value(), samples),
            (told @ None, gained) => *told = gained,
            (Some(_), None) => {}
        }
        if let Some(told) = self.told.as_ref().filter(|_| is_news || repeats) {
            let of = TotalOf {
                start: self.start,
                time,
                begins,
            };
            tell(What::Total(of, told.value(), samples));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_recording::Value;
    use std::time::UNIX_EPOCH;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_total_of_a_start_says_so() {
        let mut total = RunningTotal::new(at(1));
        let mut told = |growth: u64, repeats| {
            let gained = OpenPoint::of(Value::Counter(growth), growth).filter(|_| growth > 0);
            let mut told = Vec::new();
            total.tell(gained, at(2), repeats, |what| match what {
                What::Total(of, Value::Counter(sum), samples) => {
                    assert_eq!((of.start, of.time), (at(1), at(2)));
                    told.push((of.begins, sum, samples));
                }
                other => panic!("{other:?}"),
            });
            told
        };
        assert_eq!(told(0, true), [], "nothing was recorded");
        assert_eq!(told(3, false), [(true, 3, 3)]);
        assert_eq!(told(0, false), []);
        assert_eq!(told(0, true), [(false, 3, 0)]);
        assert_eq!(told(2, false), [(false, 5, 2)]);
    }

    #[test]
    fn times_rise_whatever_the_clock_does() {
        let mut times = TotalTimes::since(at(100));
        for (clock, start, now) in [(160, 101, 160), (50, 161, 162), (162, 163, 164)] {
            times.begin(at(clock));
            assert_eq!((times.start(), times.now()), (at(start), at(now)));
        }
    }
}
