//! `outcome`: a label that says how it went.

use crate::recorded::{block_on, panics, recorded, turn};
use metrics_timeit::Outcome;
use metrics_timeit::attr::{count, timeit};
use std::num::ParseIntError;

#[timeit("result", outcome)]
#[count("result.calls", outcome)]
fn result(text: &str) -> Result<u8, ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let number: u8 = text.parse()?;
    assert!(number < 100, "as asked");
    Ok(number)
}

#[timeit("option", outcome, "text" => text)]
fn option(text: &str) -> Option<char> {
    let first = text.chars().next()?;
    Some(first.to_ascii_uppercase())
}

#[derive(Debug, PartialEq)]
struct Response(u16);

impl Outcome for Response {
    fn is_ok(&self) -> bool {
        self.0 < 500
    }
}

#[count("response", "status" => status, outcome)]
fn response(status: u16) -> Response {
    Response(status)
}

#[timeit("future", outcome)]
async fn future(text: &str) -> Result<impl Sized + use<>, ParseIntError> {
    turn().await;
    let number: u8 = text.parse()?;
    Ok(number)
}

#[test]
fn of_results() {
    let recorded = recorded(|| {
        assert_eq!((result(""), result("7")), (Ok(0), Ok(7)));
        assert!(result("x").is_err());
        assert!(panics(|| result("100")));
    });
    assert_eq!(
        recorded.samples(),
        [("result{outcome=error}", 2), ("result{outcome=ok}", 2)]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("result.calls{outcome=error}", 2),
            ("result.calls{outcome=ok}", 2)
        ]
    );
}

#[test]
fn of_options_and_types_of_ones_own() {
    let recorded = recorded(|| {
        assert_eq!((option("a"), option("")), (Some('A'), None));
        assert_eq!(
            (response(200), response(503)),
            (Response(200), Response(503))
        );
    });
    assert_eq!(
        recorded.samples(),
        [
            // An empty label is the caller's affair.
            ("option{text=,outcome=error}", 1),
            ("option{text=a,outcome=ok}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("response{status=200,outcome=ok}", 1),
            ("response{status=503,outcome=error}", 1)
        ]
    );
}

#[test]
fn of_futures() {
    let recorded = recorded(|| {
        assert!(block_on(future("7")).is_ok());
        assert!(block_on(future("x")).is_err());
        let mut cancelled = Box::pin(future("7"));
        assert!(crate::recorded::poll(cancelled.as_mut()).is_none());
    });
    assert_eq!(
        recorded.samples(),
        [("future{outcome=error}", 2), ("future{outcome=ok}", 1)]
    );
}
