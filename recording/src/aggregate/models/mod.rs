//! Loom models of what threads share: `RUSTFLAGS='--cfg loom' cargo test -p metrics-recording --lib`.
//!
//! `LONG_TESTS=1` explores with one preemption more.

mod counter_models;
mod gauge_models;
mod handed_on_models;
mod histogram_models;

/// Explores all interleavings that need no more than so many preemptions.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let more = usize::from(std::env::var("LONG_TESTS").is_ok_and(|long| long == "1"));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions + more);
    builder.max_branches = 20_000;
    builder.check(model);
}
