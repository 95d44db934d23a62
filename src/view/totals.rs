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

    /// When totals begin that the next snapshot is the first to have.
    pub(crate) fn next_start(&self) -> SystemTime {
        self.now + STEP
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.now
    }
}

#[derive(Debug)]
pub(crate) struct RunningTotal {
    /// Of all starts that it has had.
    first_start: SystemTime,
    start: SystemTime,
    /// Whether the zero of this start was told.
    has_begun: bool,
    /// All that was told; none, if that is nothing.
    told: Option<OpenPoint>,
    /// Samples of totals that came to nothing: the next one has them.
    returned: u64,
}

impl RunningTotal {
    pub(crate) fn new(start: SystemTime) -> Self {
        Self {
            first_start: start,
            start,
            has_begun: false,
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
        let new = gained.as_ref().map_or(0, OpenPoint::samples);
        let is_news = gained.is_some() || self.returned > 0;
        match (&mut self.told, gained) {
            (Some(told), Some(gained)) => told.add(gained.value(), new),
            (told @ None, gained) => *told = gained,
            (Some(_), None) => {}
        }
        let Some(told) = &self.told else {
            return;
        };
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first {
            tell(What::Zero(self.start));
        }
        if is_news || is_first || repeats {
            let samples = new.saturating_add(std::mem::take(&mut self.returned));
            tell(What::Total(self.start, told.value(), samples));
        }
    }

    /// A total came to nothing: takes the samples back that it had, if it is this one, and gives the start of the next.
    pub(crate) fn take_back(&mut self, start: SystemTime, samples: u64) -> Option<SystemTime> {
        let is_this = (self.first_start..=self.start).contains(&start);
        is_this.then(|| {
            self.returned = self.returned.saturating_add(samples);
            self.start
        })
    }

    /// The zero of a start came to nothing, and so will all that goes on from it: begins anew, with all there is.
    pub(crate) fn begin_anew(&mut self, lost: SystemTime, start: SystemTime) {
        if self.start == lost {
            self.start = start;
            self.has_begun = false;
        }
    }
}
