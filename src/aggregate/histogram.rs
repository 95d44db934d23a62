//! Histogram: what any thread may write, and lanes that one thread each does.

use super::Aggregate;
use super::lane::Lane;
use super::lanes::{Lanes, Thread};
use super::marks::Mark;
use super::point::HistogramPoint;
use super::refused::{Refused, RefusedPoint};
use super::samples::Samples;
use super::shared::Shared;
use crate::limits;

#[derive(Debug)]
pub(crate) struct Histogram {
    lanes: Lanes<Lane<Samples>>,
    shared: Shared,
    refused: Refused,
}

impl Aggregate for Histogram {
    fn marked_at(&self) -> Mark {
        self.lanes.marked_at()
    }

    fn has_lanes(&self) -> bool {
        self.lanes.are_open()
    }

    fn begins_anew(&self) -> bool {
        true
    }
}

impl Histogram {
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            lanes: Lanes::new(mark),
            shared: Shared::new(),
            refused: Refused::new(),
        }
    }

    #[inline]
    pub(crate) fn record(&self, thread: &impl Thread, value: f64) {
        let lane = self.lanes.get(thread.slot());
        if !lane.is_some_and(|lane| lane.record(value)) {
            self.record_slowly(thread, value);
        }
    }

    // Apart, so that the quick way needs as little stack as can be.
    #[cold]
    #[inline(never)]
    fn record_slowly(&self, thread: &impl Thread, value: f64) {
        let lane = self.lanes.get(thread.slot());
        if !lane.is_some_and(|lane| lane.record_first(value)) {
            self.record_shared(thread, value, 1);
        }
    }

    /// Records a value so many times at once.
    pub(crate) fn record_many(&self, thread: &impl Thread, value: f64, samples: u64) {
        if samples == 0 {
            return;
        }
        let lane = self.lanes.get(thread.slot());
        if !lane.is_some_and(|lane| lane.try_add(|taken| taken.add(value, samples))) {
            self.record_shared(thread, value, samples);
        }
    }

    fn record_shared(&self, thread: &impl Thread, value: f64, samples: u64) {
        match limits::check_value(value) {
            Ok(value) => {
                self.shared.record(value, samples);
                self.lanes.missed(thread, || Lane::new(Samples::new()));
            }
            Err(fault) => {
                self.refused.count(fault, samples);
                self.lanes.mark_after_all();
            }
        }
    }

    /// Puts what was recorded since the last drain into `point`, whose memory is used again.
    /// Only ever one caller at a time.
    pub(crate) fn drain(&self, point: &mut HistogramPoint) -> RefusedPoint {
        point.clear();
        self.lanes.cool();
        self.shared.drain(point);
        let mut refused = self.refused.drain();
        for lane in self.lanes.iter() {
            lane.drain(|samples| samples.take(point, &mut refused));
        }
        refused
    }

    /// Frees the pages of lanes whose slots no thread has, where they hold no samples. If a thread has taken one
    /// since, its samples are seen under the lane's lock.
    pub(crate) fn give_back(&self, free_slots: u128) {
        for lane in self.lanes.of(free_slots) {
            lane.drain(Samples::give_back);
        }
    }

    /// Bytes that this histogram holds, on the heap and in itself.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        let lanes = self.lanes.iter();
        let lanes: usize = lanes
            .map(|lane| lane.drain(|samples| samples.allocated()))
            .sum();
        size_of::<Self>() + self.lanes.allocated() + lanes + self.shared.allocated()
    }
}
