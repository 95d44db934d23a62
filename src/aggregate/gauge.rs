//! Gauge: the last value, and the extremes seen within the window.

use super::cut::Cut;
use super::float::{AtomicF64, Extremes, Range};
use super::lane::{Batch, Lane};
use super::lanes::{Lanes, Thread};
use super::marks::Mark;
use super::{Aggregate, Refused, RefusedPoint};
use crate::limits::{self, ValueFault};
use crate::sync::{AtomicBool, Ordering};

#[derive(Debug)]
pub(crate) struct Gauge {
    last: AtomicF64,
    lanes: Lanes<Lane<Range>>,
    cut: Cut,
    sides: [Extremes; 2],
    refused: Refused,
    /// Whether it was ever incremented or decremented.
    is_relative: AtomicBool,
    /// Whether it ever had a value; only the drain touches it.
    live: AtomicBool,
}

/// What a gauge has to say of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GaugePoint {
    pub(crate) last: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    /// Whether it was recorded to since the last drain.
    pub(crate) is_fresh: bool,
}

impl Batch for Range {
    #[inline]
    fn add_all(&mut self, values: impl Iterator<Item = u64>) {
        for bits in values {
            self.include(f64::from_bits(bits));
        }
    }
}

impl Aggregate for Gauge {
    fn marked_at(&self) -> Mark {
        self.lanes.marked_at()
    }

    fn has_lanes(&self) -> bool {
        self.lanes.are_open()
    }

    fn begins_anew(&self) -> bool {
        // An increment goes on from the last value.
        !self.is_relative.load(Ordering::Relaxed) || self.last.load(Ordering::Acquire) == 0.0
    }
}

impl Gauge {
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            last: AtomicF64::new(0.0),
            lanes: Lanes::new(mark),
            cut: Cut::new(),
            sides: [Extremes::new(), Extremes::new()],
            refused: Refused::new(),
            is_relative: AtomicBool::new(false),
            live: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn set(&self, thread: &impl Thread, value: f64) {
        match limits::check_value(value) {
            Ok(value) => {
                self.last.store(value, Ordering::Release);
                self.note(thread, value);
            }
            Err(fault) => self.refuse(fault),
        }
    }

    pub(crate) fn increment(&self, thread: &impl Thread, amount: f64) {
        if !self.is_relative.load(Ordering::Relaxed) {
            self.is_relative.store(true, Ordering::Relaxed);
        }
        // Checked apart from the result: an amount out of range is at fault whatever it adds to.
        let amount = match limits::check_value(amount) {
            Ok(amount) => amount,
            Err(fault) => return self.refuse(fault),
        };
        let mut fault = ValueFault::OutOfRange;
        let changed = self.last.update(Ordering::Release, |last| {
            let next = limits::check_value(amount + last);
            next.map_err(|new| fault = new).ok()
        });
        match changed {
            Some(value) => self.note(thread, value),
            None => self.refuse(fault),
        }
    }

    #[cold]
    fn refuse(&self, fault: ValueFault) {
        self.refused.count(fault, 1);
        self.lanes.mark_after_all();
    }

    /// Puts what was the last value just now among those that the extremes are of.
    #[inline]
    fn note(&self, thread: &impl Thread, value: f64) {
        let lane = self.lanes.get(thread.slot());
        if !lane.is_some_and(|lane| lane.record(value)) {
            self.note_slowly(thread, value);
        }
    }

    // Apart, so that the quick way needs as little stack as can be.
    #[cold]
    #[inline(never)]
    fn note_slowly(&self, thread: &impl Thread, value: f64) {
        let lane = self.lanes.get(thread.slot());
        if lane.is_some_and(|lane| lane.record_first(value)) {
            return;
        }
        let side = self.cut.enter();
        self.sides[side].include(value);
        self.cut.leave(side);
        self.lanes.missed(thread, || Lane::new(Range::NONE));
    }

    /// What there is to say of a window in which nobody came here, or nothing if the gauge never had a value.
    pub(crate) fn untouched(&self) -> Option<GaugePoint> {
        let last = self.last.load(Ordering::Acquire);
        self.live.load(Ordering::Relaxed).then_some(GaugePoint {
            last,
            minimum: last,
            maximum: last,
            is_fresh: false,
        })
    }

    /// What happened since the last drain, or nothing if the gauge never had a value.
    /// Only ever one caller at a time.
    pub(crate) fn drain(&self) -> (Option<GaugePoint>, RefusedPoint) {
        self.lanes.cool();
        let side = self.cut.turn();
        let mut range = side.map_or(Range::NONE, |side| self.sides[side].take());
        for lane in self.lanes.iter() {
            range.merge(lane.drain(|range| std::mem::replace(range, Range::NONE)));
        }
        // Read after all that was noted: so whatever is noted was set before. A value that is set in
        // between shows here, and in the next drain, where it is noted.
        let last = self.last.load(Ordering::Acquire);
        let is_fresh = !range.is_empty();
        if is_fresh {
            self.live.store(true, Ordering::Relaxed);
        }
        range.include(last);
        let is_live = self.live.load(Ordering::Relaxed);
        let point = is_live.then_some(GaugePoint {
            last,
            minimum: range.minimum,
            maximum: range.maximum,
            is_fresh,
        });
        (point, self.refused.drain())
    }
}
