//! Accumulate and drain: what a series keeps between two windows.
//!
//! A series that is hot has a [lane](lanes) for each thread, which no other thread writes; all else is
//! shared, in atomics. One thread drains: it takes out exactly what was recorded since its last drain.
//! It may wait for a record that is under way, and no record ever waits for it.

pub(crate) mod bucket;
pub(crate) mod counter;
pub(crate) mod cut;
pub(crate) mod float;
pub(crate) mod gauge;
pub(crate) mod histogram;
mod lane;
pub(crate) mod lanes;
pub(crate) mod marks;
pub(crate) mod pages;
mod point;
pub(crate) mod refused;
mod samples;
mod shared;
mod sparse;
mod tally;

pub(crate) use counter::Counter;
pub(crate) use gauge::{Gauge, GaugePoint};
pub(crate) use histogram::Histogram;
pub(crate) use lanes::{Slot, Slots, Thread};
pub(crate) use marks::{Mark, Marks};
pub(crate) use point::HistogramPoint;
pub(crate) use refused::{Refused, RefusedPoint};

/// What drains have to know of an aggregate, of whichever kind.
pub(crate) trait Aggregate {
    /// Where its mark is.
    fn marked_at(&self) -> Mark;

    /// Whether something may be recorded without a mark.
    fn has_lanes(&self) -> bool;

    /// Whether nothing is lost if it begins anew.
    fn begins_anew(&self) -> bool;
}

#[cfg(test)]
mod tests;
