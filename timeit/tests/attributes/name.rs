//! The metric's name: the function's path, a literal, or an expression.

use crate::recorded::recorded;
use metrics_timeit::attr::{count, timeit};

#[timeit]
#[count]
fn without() {}

#[timeit]
fn r#match() {}

struct Shop;

impl Shop {
    #[timeit]
    fn open(&self) {
        let Self = self;
    }
}

const NAME: &str = "constant";

#[timeit(NAME)]
#[count(concat!("requests", ".", "in"))]
fn constant() {}

#[timeit(format!("{area}.duration"), "area" => area)]
#[count(area)]
fn from_arguments(area: &str) -> &str {
    area
}

#[test]
fn without_one_it_is_the_path() {
    let recorded = recorded(|| {
        without();
        r#match();
        Shop.open();
    });
    assert_eq!(
        recorded.samples(),
        [
            ("attributes::name::match", 1),
            ("attributes::name::open", 1),
            ("attributes::name::without", 1)
        ]
    );
    // A count of its own: a metric has one unit.
    assert_eq!(recorded.counts(), [("attributes::name::without.calls", 1)]);
}

#[test]
fn an_expression_without_moving_what_it_uses() {
    let recorded = recorded(|| {
        constant();
        assert_eq!(from_arguments("cart"), "cart");
    });
    assert_eq!(
        recorded.samples(),
        [("cart.duration{area=cart}", 1), ("constant", 1)]
    );
    assert_eq!(recorded.counts(), [("cart", 1), ("requests.in", 1)]);
}
