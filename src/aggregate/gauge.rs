//! Gauge: the last value, and the extremes seen within the window.

use super::cut::Cut;
use super::float::{AtomicF64, Extremes};
use super::{Refused, RefusedPoint};
use crate::limits::{self, ValueFault};
use crate::sync::{AtomicBool, Ordering};

#[derive(Debug)]
pub(crate) struct Gauge {
    last: AtomicF64,
    cut: Cut,
    sides: [Extremes; 2],
    refused: Refused,
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

impl Gauge {
    pub(crate) fn new() -> Self {
        Self {
            last: AtomicF64::new(0.0),
            cut: Cut::new(),
            sides: [Extremes::new(), Extremes::new()],
            refused: Refused::new(),
            live: AtomicBool::new(false),
        }
    }

    pub(crate) fn set(&self, value: f64) {
        self.change(|_| limits::check_value(value));
    }

    pub(crate) fn increment(&self, amount: f64) {
        // Checked apart from the result: an amount out of range is at fault whatever it adds to.
        self.change(|last| limits::check_value(limits::check_value(amount)? + last));
    }

    fn change(&self, to: impl Fn(f64) -> Result<f64, ValueFault>) {
        let side = self.cut.enter();
        let mut fault = None;
        let changed = self.last.update(Ordering::Release, |last| {
            let next = to(last);
            fault = next.err();
            next.ok()
        });
        match (changed, fault) {
            (Some(value), _) => self.sides[side].include(value),
            (None, Some(fault)) => self.refused.count(fault, 1),
            (None, None) => {}
        }
        self.cut.leave(side);
    }

    /// What happened since the last drain, or nothing if the gauge never had a value.
    /// Only ever one caller at a time.
    pub(crate) fn drain(&self) -> (Option<GaugePoint>, RefusedPoint) {
        let is_touched = !self.cut.is_untouched();
        let extremes = is_touched.then(|| self.sides[self.cut.turn()].take());
        // Read after the turn, so that whatever was set before it is seen. A value that is set in
        // between shows here, and as its own record in the next drain.
        let last = self.last.load(Ordering::Acquire);
        let point = match extremes {
            Some((minimum, maximum)) if minimum <= maximum => {
                self.live.store(true, Ordering::Relaxed);
                Some(GaugePoint {
                    last,
                    minimum: minimum.min(last),
                    maximum: maximum.max(last),
                    is_fresh: true,
                })
            }
            // Nothing, or nothing but refusals.
            _ => self.live.load(Ordering::Relaxed).then_some(GaugePoint {
                last,
                minimum: last,
                maximum: last,
                is_fresh: false,
            }),
        };
        (point, self.refused.drain())
    }
}
