//! The atomics that the aggregates are made of.
//!
//! The loom models compile the aggregates' own source files against a module of this name that
//! has loom's types in it.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::thread::yield_now;
