//! Neither the compiler nor clippy has a word about what the attributes make: this module compiles.

#![deny(warnings, clippy::all, clippy::pedantic)]

use crate::recorded::{block_on, panics, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use on_one_line::{
    caller, eight, five, four, never, never_async, nine, nothing, one, seven, six, three, two,
};
use std::collections::BTreeMap;
use std::panic::Location;
use std::pin::Pin;

/// Where its only expression is on the line of its braces, the compiler may find the braces needless.
#[rustfmt::skip]
mod on_one_line {
    use super::{Location, Pin, count, timeit};

    #[count]
    pub(super) fn one() -> u8 { 7 }

    #[timeit]
    pub(super) fn two() -> u8 { 7 }

    #[timeit(outcome)]
    pub(super) fn three() -> Option<u8> { Some(7) }

    #[count(on_success)]
    #[timeit]
    pub(super) fn four() -> Option<u8> { three() }

    #[count(on_success)]
    pub(super) async fn five() -> u8 { 7 }

    #[timeit]
    #[timeit("five", if_err)]
    pub(super) async fn six() -> Option<u8> { Some(7) }

    #[allow(clippy::manual_async_fn)]
    #[timeit("seven", on_success)]
    #[count]
    pub(super) fn seven() -> impl Future<Output = u8> { async move { 7 } }

    #[timeit("eight", "size" => size)]
    pub(super) fn eight(size: u8) -> Pin<Box<dyn Future<Output = u8>>> { Box::pin(async move { size }) }

    #[timeit("nine", outcome = |number| *number > 7)]
    #[count("nine.calls", outcome = u8::to_string)]
    pub(super) fn nine() -> u8 { 7 }

    #[timeit(on_success)]
    #[count("nothing.calls", outcome = |()| "done")]
    pub(super) fn nothing() {}

    #[timeit(on_success)]
    pub(super) fn never() -> ! { panic!("as asked") }

    #[count(on_success)]
    pub(super) async fn never_async() -> ! { panic!("as asked") }

    /// Without an option the body stays in the function.
    #[timeit("caller")]
    #[track_caller]
    #[count("caller.calls")]
    pub(super) fn caller() -> u32 { Location::caller().line() }
}

#[timeit("items", outcome, "key" => key)]
fn items(key: u8) -> Option<u8> {
    const ONE: u8 = 1;
    fn add(number: u8) -> u8 {
        number + ONE
    }
    Some(add(key))
}

#[timeit("items.async", "key" => key)]
fn items_and_a_future(key: u8) -> impl Future<Output = u8> {
    const ONE: u8 = 1;
    async move {
        const TWO: u8 = 2;
        turn().await;
        key + ONE + TWO
    }
}

/// What a trait asks for is not the fault of who implements it.
trait Index {
    #[allow(clippy::type_complexity)]
    fn index(&self)
    -> Option<BTreeMap<String, BTreeMap<String, Vec<(u8, Box<dyn Fn(u8) -> u8>)>>>>;
}

impl Index for () {
    #[timeit("index", outcome)]
    #[count("index.calls", on_success)]
    fn index(
        &self,
    ) -> Option<BTreeMap<String, BTreeMap<String, Vec<(u8, Box<dyn Fn(u8) -> u8>)>>>> {
        None
    }
}

#[test]
fn they_do_what_they_did() {
    let recorded = recorded(|| {
        assert_eq!((one(), two(), three(), four()), (7, 7, Some(7), Some(7)));
        assert_eq!((block_on(five()), block_on(six())), (7, Some(7)));
        assert_eq!((block_on(seven()), block_on(eight(7))), (7, 7));
        nothing();
        assert_eq!(nine(), 7);
        assert!(panics(|| never()) && panics(|| block_on(never_async())));
        assert_eq!((items(7), block_on(items_and_a_future(4))), (Some(8), 7));
        assert!(().index().is_none());
        assert_eq!(caller(), line!());
    });
    assert_eq!(recorded.histograms.len(), 12, "{recorded:?}");
    assert_eq!(recorded.counters.len(), 7, "{recorded:?}");
}
