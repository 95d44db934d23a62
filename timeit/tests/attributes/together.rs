//! More than one on a function, with other attributes before, between and after them.

use crate::recorded::{block_on, recorded, turn};
use metrics_timeit::attr::{count, timeit};

/// Documented.
#[timeit("one")]
#[must_use = "as before"]
#[count("two", by = 2)]
#[inline]
#[timeit("three", outcome)]
#[allow(clippy::unnecessary_wraps)]
#[count("four", if_err)]
#[count("five", on_success)]
pub(crate) fn five() -> Option<u8> {
    Some(1)
}

/// One name for several, as long as all are times, or all are counts.
#[timeit("api")]
#[timeit("api", "method" => "GET")]
#[count("requests", "method" => "GET")]
#[count("requests")]
#[timeit("api", outcome = |()| "done")]
fn one_name() {}

#[async_trait::async_trait]
trait Fetch {
    async fn inside(&self) -> u8;
    async fn between(&self) -> u8;
}

struct Client;

#[async_trait::async_trait]
impl Fetch for Client {
    #[timeit("inside", on_success)]
    #[count("inside.calls")]
    async fn inside(&self) -> u8 {
        turn().await;
        1
    }

    #[count("between.calls")]
    #[allow(clippy::needless_pass_by_value)]
    #[timeit("between")]
    async fn between(&self) -> u8 {
        2
    }
}

#[timeit("main.outside", outcome)]
#[tokio::main(flavor = "current_thread")]
#[timeit("main.inside")]
async fn main_like() -> Option<u8> {
    turn().await;
    Some(3)
}

#[timeit("before")]
#[count("before.calls")]
#[tokio::test]
async fn above_a_tokio_test() {
    turn().await;
}

#[tokio::test]
#[timeit("after", outcome)]
#[count("after.calls")]
async fn below_a_tokio_test() -> Result<(), std::num::ParseIntError> {
    turn().await;
    let _: u8 = "7".parse()?;
    Ok(())
}

#[test]
fn labels_tell_attributes_of_one_name_apart() {
    let recorded = recorded(one_name);
    assert_eq!(
        recorded.samples(),
        [("api", 1), ("api{method=GET}", 1), ("api{outcome=done}", 1)]
    );
    assert_eq!(
        recorded.counts(),
        [("requests", 1), ("requests{method=GET}", 1)]
    );
}

#[test]
fn each_records_once() {
    let recorded = recorded(|| {
        assert_eq!(five(), Some(1));
        assert_eq!(block_on(Client.inside()), 1);
        assert_eq!(block_on(Client.between()), 2);
        assert_eq!(main_like(), Some(3));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("between", 1),
            ("inside", 1),
            ("main.inside", 1),
            ("main.outside{outcome=ok}", 1),
            ("one", 1),
            ("three{outcome=ok}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("between.calls", 1),
            ("five", 1),
            ("inside.calls", 1),
            ("two", 2)
        ]
    );
}
