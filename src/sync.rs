//! What threads share data by: in the aggregates, at the end of a series, and in the exporter's inbox.
//!
//! The loom models compile those very source files against a module of this name that has loom's
//! types in it, and small numbers.

pub(crate) use parking_lot::Mutex;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::thread::yield_now;
pub(crate) use tokio::sync::Notify;

/// Threads that can have a lane at a time, 128 at most. Those beyond share what has no owner.
pub(crate) const SLOTS: usize = 128;
/// Values that a lane has room for until they go to its batch; a power of two.
pub(crate) const RING: usize = 64;
/// Samples of records without a lane that make a series hot, if they come within one window.
pub(crate) const HOT: u32 = 32;
