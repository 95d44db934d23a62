//! The way out: one consumer takes what was recorded since it last did.

mod event;
mod snapshotter;

pub use event::{Event, Interval, Point};
pub use snapshotter::Snapshotter;

#[cfg(test)]
mod tests;
