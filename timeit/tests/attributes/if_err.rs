//! `if_err`: only where it went wrong.

use crate::recorded::{block_on, panics, recorded, turn};
use metrics_timeit::attr::{count, timeit};

#[count("failures", if_err)]
#[timeit("failures.duration", if_err, "text" => text)]
fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
    assert!(text != "panic", "as asked");
    text.parse()
}

#[count("missing", if_err)]
async fn first(text: &str) -> Option<char> {
    turn().await;
    text.chars().next()
}

#[test]
fn errors_and_panics_but_no_success() {
    let recorded = recorded(|| {
        assert_eq!(parse("7"), Ok(7));
        assert!(parse("x").is_err());
        assert!(panics(|| parse("panic")));
    });
    assert_eq!(recorded.counts(), [("failures", 2)]);
    assert_eq!(
        recorded.samples(),
        [
            ("failures.duration{text=panic}", 1),
            ("failures.duration{text=x}", 1)
        ]
    );
}

#[test]
fn none_and_a_future_that_is_dropped() {
    let recorded = recorded(|| {
        assert_eq!(block_on(first("a")), Some('a'));
        assert_eq!(block_on(first("")), None);
        let mut cancelled = Box::pin(first("a"));
        assert!(crate::recorded::poll(cancelled.as_mut()).is_none());
    });
    assert_eq!(recorded.counts(), [("missing", 2)]);
}
