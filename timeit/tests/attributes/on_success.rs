//! `on_success`: only where it returned, and well.

use crate::recorded::{block_on, panics, recorded, turn};
use metrics_timeit::attr::{count, timeit};

#[timeit("plain", on_success)]
fn plain(panic: bool) -> u8 {
    assert!(!panic, "as asked");
    7
}

#[count("parsed", on_success)]
fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
    text.parse()
}

#[timeit("unit", on_success, "early" => early)]
fn unit(early: bool) {
    if early {
        return;
    }
    let _ = early;
}

#[count("future", on_success)]
async fn future(text: &str) -> Option<char> {
    turn().await;
    text.chars().next()
}

#[test]
fn a_panic_and_an_error_are_none() {
    let recorded = recorded(|| {
        assert_eq!(plain(false), 7);
        assert!(panics(|| plain(true)));
        assert_eq!(parse("7"), Ok(7));
        assert!(parse("x").is_err());
        unit(true);
        unit(false);
    });
    assert_eq!(
        recorded.samples(),
        [
            ("plain", 1),
            ("unit{early=false}", 1),
            ("unit{early=true}", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("parsed", 1)]);
}

#[test]
fn a_future_that_is_dropped_is_none() {
    let recorded = recorded(|| {
        assert_eq!(block_on(future("a")), Some('a'));
        assert_eq!(block_on(future("")), None);
        let mut cancelled = Box::pin(future("a"));
        assert!(crate::recorded::poll(cancelled.as_mut()).is_none());
    });
    assert_eq!(recorded.counts(), [("future", 1)]);
}
