//! The source files of what threads share, compiled against loom's types, and models that run them.
//!
//! `cargo test -p loom-models` explores the interleavings.

// The sources are here for their aggregates alone, and a model panics when it finds a fault.
#![allow(dead_code, unreachable_pub, clippy::missing_panics_doc)]

#[path = "../../src/aggregate/mod.rs"]
mod aggregate;
#[path = "../../src/bits.rs"]
mod bits;
#[path = "../../src/registry/forget.rs"]
mod forget;
#[path = "../../src/exporter/inbox.rs"]
mod inbox;
#[path = "../../src/limits.rs"]
mod limits;
#[path = "../../src/registry/row.rs"]
mod row;

mod sync;
mod thread;

pub mod counter;
pub mod expiry;
pub mod gauge;
pub mod histogram;
#[path = "inbox.rs"]
pub mod inbox_models;
pub mod marks;
pub mod refused;
pub mod slots;

/// Explores all interleavings that need no more than so many preemptions.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // A drain looks at each bucket of a page.
    builder.max_branches = 20_000;
    builder.check(model);
}
