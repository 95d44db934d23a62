//! `outcome = |result| ..`: a label for a result whose type is another's.

use crate::recorded::{block_on, panics, poll, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use std::num::ParseIntError;
use std::pin::Pin;

/// As another crate's: it has no `Outcome`.
#[derive(Debug, PartialEq)]
struct Response {
    status: u16,
    kind: String,
}

impl Response {
    fn new(status: u16) -> Self {
        let kind = if status < 400 { "good" } else { "bad" };
        let kind = kind.to_owned();
        Self { status, kind }
    }
}

fn class(response: &Response) -> String {
    format!("{}xx", response.status / 100)
}

#[timeit("status", outcome = |response| response.status)]
#[count("status.calls", "status" => status, outcome = |response| response.status < 500)]
#[count("status.kinds", outcome = |response| response.kind.as_str())]
#[count("status.classes", outcome = class, "status" => status)]
fn response(status: u16) -> Response {
    assert!(status > 0, "as asked");
    if status == 503 {
        return Response::new(503);
    }
    Response::new(status)
}

#[timeit("pair", outcome = |(status, _)| if *status < 500 { "well" } else { "badly" })]
fn pair(text: String) -> (u16, String) {
    (200, text)
}

#[timeit("result", outcome = |result| match result {
    Ok(0) => "zero",
    Ok(_) => "number",
    Err(_) => "no number",
})]
fn result(text: &str) -> Result<u8, ParseIntError> {
    let number = text.parse()?;
    Ok(number)
}

#[count("opaque", outcome = |text| text.to_string().len())]
fn opaque(text: &str) -> impl std::fmt::Display + use<'_> {
    text
}

#[timeit("future", outcome = |response| response.status)]
#[count("future.calls", outcome = |response| response.status, by = 2)]
async fn future(status: u16) -> Response {
    turn().await;
    Response::new(status)
}

#[timeit("boxed", outcome = |number| *number > 0)]
fn boxed(number: u8) -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async move { number })
}

#[timeit("panics", outcome = |number| 1 / *number)]
fn closure_that_panics(number: u8) -> u8 {
    number
}

#[test]
fn its_text_is_the_label_and_of_a_bool_ok_or_error() {
    let recorded = recorded(|| {
        assert_eq!((response(200).status, response(503).status), (200, 503));
        assert!(panics(|| response(0)));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("status{outcome=200}", 1),
            ("status{outcome=503}", 1),
            ("status{outcome=error}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("status.calls{status=0,outcome=error}", 1),
            ("status.calls{status=200,outcome=ok}", 1),
            ("status.calls{status=503,outcome=error}", 1),
            ("status.classes{status=0,outcome=error}", 1),
            ("status.classes{status=200,outcome=2xx}", 1),
            ("status.classes{status=503,outcome=5xx}", 1),
            ("status.kinds{outcome=bad}", 1),
            ("status.kinds{outcome=error}", 1),
            ("status.kinds{outcome=good}", 1)
        ]
    );
}

#[test]
fn of_any_type() {
    let recorded = recorded(|| {
        assert_eq!(pair("text".to_owned()).1, "text");
        assert!(result("0").is_ok() && result("7").is_ok() && result("x").is_err());
        assert_eq!(opaque("seven").to_string(), "seven");
    });
    assert_eq!(
        recorded.samples(),
        [
            ("pair{outcome=well}", 1),
            ("result{outcome=no number}", 1),
            ("result{outcome=number}", 1),
            ("result{outcome=zero}", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("opaque{outcome=5}", 1)]);
}

#[test]
fn of_futures() {
    let recorded = recorded(|| {
        assert_eq!(block_on(future(204)).status, 204);
        let mut cancelled = Box::pin(future(200));
        assert!(poll(cancelled.as_mut()).is_none());
        drop(cancelled);
        assert_eq!(block_on(boxed(7)), 7);
    });
    assert_eq!(
        recorded.samples(),
        [
            ("boxed{outcome=ok}", 1),
            ("future{outcome=204}", 1),
            ("future{outcome=error}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("future.calls{outcome=204}", 2),
            ("future.calls{outcome=error}", 2)
        ]
    );
}

#[test]
fn a_closure_that_panics_is_an_error() {
    let recorded = recorded(|| assert!(panics(|| closure_that_panics(0))));
    assert_eq!(recorded.samples(), [("panics{outcome=error}", 1)]);
}
