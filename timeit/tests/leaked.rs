//! A scope that nobody closes. In a process of its own, as it stays open in it.

mod recorded;

use metrics_timeit::{on_idle, timeit};
use recorded::recorded;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_leaked_guard_records_nothing_and_keeps_the_process_from_falling_idle() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let recorded = recorded(|| {
        // Without a subscriber it is not counted.
        std::mem::forget(timeit!("leaked.before"));
        let _subscription = on_idle(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        drop(timeit!("first"));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        std::mem::forget(timeit!("leaked"));
        drop(timeit!("second"));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
    assert_eq!(recorded.samples(), [("first", 1), ("second", 1)]);
}
