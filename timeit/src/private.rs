//! What the macros expand to. No part of the public interface: it changes with them.

pub use crate::metric::{CounterSite, DynamicCounter, DynamicHistogram, HistogramSite, Metric};
pub use crate::watch::{Anything, Returned, Watch, call, is_ok};
pub use metrics::{Key, Label, Level, Metadata, Unit};
pub use std::time::Instant;

use crate::timer::Timer;
use std::fmt::Display;

#[inline]
pub fn timer(site: &'static HistogramSite) -> Timer {
    Timer::at(site)
}

pub fn dynamic_timer(histogram: DynamicHistogram) -> Timer {
    Timer::dynamic(histogram)
}

/// A label's value from an argument, which stays where it is.
pub fn text(value: &(impl Display + ?Sized)) -> String {
    value.to_string()
}
