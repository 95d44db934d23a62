//! `by`: how many.

use crate::recorded::{block_on, recorded};
use metrics_timeit::attr::count;

#[count("requests", by = 5, "route" => route)]
fn literal(route: &str) -> &str {
    route
}

#[count("items", by = items.len() as u64)]
fn from_arguments(items: Vec<u8>) {
    drop(items);
}

#[count("batches", by = u64::from(size), if_err)]
async fn failing(size: u32) -> Result<(), u32> {
    Err(size)
}

#[count("none", by = 0)]
fn nothing() {}

#[test]
fn literals_and_arguments() {
    let recorded = recorded(|| {
        assert_eq!(literal("/"), "/");
        assert_eq!(literal("/"), "/");
        from_arguments(vec![0; 3]);
        assert_eq!(block_on(failing(4)), Err(4));
        nothing();
    });
    assert_eq!(
        recorded.counts(),
        [
            ("batches", 4),
            ("items", 3),
            ("none", 0),
            ("requests{route=/}", 10)
        ]
    );
}
