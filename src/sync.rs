//! What threads share data by, in the aggregates and in the exporter's inbox.
//!
//! The loom models compile those very source files against a module of this name that has loom's
//! types in it.

pub(crate) use parking_lot::Mutex;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::thread::yield_now;
pub(crate) use tokio::sync::Notify;
