//! Accumulate and drain: what a series keeps between two windows.
//!
//! Recording threads only touch atomics here. One thread drains; it takes out exactly what was
//! recorded since its last drain, and neither side waits for a lock of the other.

pub(crate) mod bucket;
pub(crate) mod counter;
pub(crate) mod cut;
pub(crate) mod float;
pub(crate) mod gauge;
pub(crate) mod histogram;
pub(crate) mod pages;
pub(crate) mod refused;

pub(crate) use counter::Counter;
pub(crate) use gauge::{Gauge, GaugePoint};
pub(crate) use histogram::{Histogram, HistogramPoint};
pub(crate) use refused::{Refused, RefusedPoint};

#[cfg(test)]
mod tests;
