//! Totals: what an identity gained since it began, for destinations that take sums which only rise.
//!
//! A total has a start. At the start it is told as zero, so that a reader sees the first increase, and from then on at the
//! end of every window, whether it rose or not. What time they have only rises, too, whatever the clock does. A total
//! takes its identity and a number, or a histogram's buckets, for as long as one of its series lives.

use crate::view::What;
use crate::view::open_points::OpenPoint;
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
    /// None as long as nothing was told.
    told: Option<OpenPoint>,
    /// Samples of totals that came to nothing: the next one has them.
    returned: u64,
}

impl RunningTotal {
    pub(crate) fn new(start: SystemTime) -> Self {
        Self {
            start,
            told: None,
            returned: 0,
        }
    }

    /// Adds what was recorded since, and tells the total if there is something new, or if that `repeats`.
    pub(crate) fn tell(
        &mut self,
        gained: Option<OpenPoint>,
        repeats: bool,
        mut tell: impl FnMut(What<'_>),
    ) {
        let samples = gained.as_ref().map_or(0, OpenPoint::samples);
        let is_news = gained.is_some() || self.returned > 0;
        match (&mut self.told, gained) {
            (Some(told), Some(gained)) => told.add(gained.value(), samples),
            (told @ None, Some(gained)) => {
                tell(What::Zero(self.start));
                *told = Some(gained);
            }
            (_, None) => {}
        }
        if let Some(told) = self.told.as_ref().filter(|_| is_news || repeats) {
            let samples = samples.saturating_add(std::mem::take(&mut self.returned));
            tell(What::Total(self.start, told.value(), samples));
        }
    }

    /// A total of this start came to nothing: takes the samples back that it had, if it is this one.
    pub(crate) fn take_back(&mut self, start: SystemTime, samples: u64) -> bool {
        let is_this = self.start == start;
        if is_this {
            self.returned = self.returned.saturating_add(samples);
        }
        is_this
    }
}
