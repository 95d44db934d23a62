//! A target without a clock, such as wasm32-unknown-unknown: nothing is timed, and all else goes on.
//!
//! `RUSTFLAGS='--cfg metrics_timeit_without_clock' cargo test -p metrics-timeit --test without_clock` runs it on any target.

#![cfg(metrics_timeit_without_clock)]

mod recorded;

use metrics::histogram;
use metrics_timeit::attr::{self, count};
use metrics_timeit::{TimeUnit, Timer, on_idle, timeit};
use recorded::{block_on, recorded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[attr::timeit("time")]
#[attr::timeit("time", "size" => size, outcome)]
#[count("calls", outcome)]
fn measured(size: u8) -> Option<u8> {
    Some(size)
}

#[attr::timeit("time.async", on_success)]
#[count("calls.async")]
async fn measured_async() {}

#[test]
fn nothing_is_timed_and_calls_are_counted() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let recorded = recorded(|| {
        assert_eq!(measured(7), Some(7));
        block_on(measured_async());
        let histogram = histogram!("held");
        assert_eq!(Timer::start(&histogram).elapsed(), Duration::ZERO);
        assert_eq!(Timer::start(&histogram).stop(), Duration::ZERO);

        let _subscription = on_idle(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let timer = timeit!("macro").record_in(TimeUnit::Seconds);
        assert_eq!(timer.elapsed(), Duration::ZERO);
        assert_eq!(timer.with_label("key", "value").stop(), Duration::ZERO);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
    assert_eq!(recorded.samples(), [("held", 0)]);
    assert_eq!(
        recorded.counts(),
        [("calls.async", 1), ("calls{outcome=ok}", 1)]
    );
}
