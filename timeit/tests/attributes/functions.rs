//! On every kind of function.

use crate::recorded::{self, block_on, is_send, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use std::fmt::Display;

#[timeit("free")]
fn free() -> u8 {
    // An item first, as a function may have it: clippy is not told of a statement before it.
    const SEVEN: u8 = 7;
    SEVEN
}

#[timeit("generic")]
fn generic<T: Display + ?Sized, const N: usize>(value: &T) -> [String; N] {
    std::array::from_fn(|_| value.to_string())
}

#[timeit("impl_trait")]
#[count("impl_trait.calls")]
fn impl_trait(upto: u8) -> impl Iterator<Item = u8> + use<> {
    0..upto
}

#[timeit("lifetimes", on_success)]
fn longest<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.len() > other.len() { one } else { other }
}

#[timeit("never", on_success)]
fn never(panic: bool) -> ! {
    assert!(!panic, "as asked");
    std::process::exit(1)
}

#[timeit("raw")]
fn r#type() {}

struct Shop {
    name: String,
}

impl Shop {
    #[timeit("by_ref", "shop" => self.name)]
    fn by_ref(&self) -> &str {
        &self.name
    }

    #[timeit("by_mut", outcome)]
    fn by_mut(&mut self) -> Option<&mut String> {
        Some(&mut self.name)
    }

    #[count("by_value", on_success)]
    fn by_value(self) -> String {
        self.name
    }

    #[timeit("async_method", outcome, "shop" => self.name)]
    async fn async_method(&mut self, suffix: &str) -> Result<&str, std::num::ParseIntError> {
        turn().await;
        let _: u8 = suffix.parse()?;
        self.name.push_str(suffix);
        Ok(&self.name)
    }
}

trait Serve {
    fn serve(&self) -> usize;

    #[timeit("default", outcome, "more" => more)]
    fn serve_more(&self, more: usize) -> Option<usize> {
        self.serve().checked_add(more)
    }

    #[count("default.new")]
    fn new() -> Self
    where
        Self: Sized + Default,
    {
        Self::default()
    }
}

impl Serve for () {
    fn serve(&self) -> usize {
        0
    }
}

impl Serve for Shop {
    #[timeit("trait")]
    fn serve(&self) -> usize {
        self.name.len()
    }
}

#[async_trait::async_trait]
trait Fetch: Sync {
    async fn fetch(&self, route: &str) -> Result<usize, std::num::ParseIntError>;

    #[timeit("fetch.default", "route" => route)]
    #[count("fetch.default.calls", on_success)]
    async fn fetch_or_nothing(&self, route: &str) -> usize {
        self.fetch(route).await.unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl Fetch for Shop {
    #[timeit("fetch", outcome, "route" => route)]
    #[count("fetch.calls", "shop" => self.name)]
    async fn fetch(&self, route: &str) -> Result<usize, std::num::ParseIntError> {
        turn().await;
        Ok(self.name.len() + route.parse::<usize>()?)
    }
}

fn shop() -> Shop {
    Shop {
        name: "corner".to_owned(),
    }
}

#[test]
fn plain_functions() {
    let recorded = recorded(|| {
        assert_eq!(free(), 7);
        assert_eq!(generic::<str, 2>("x"), ["x", "x"]);
        assert_eq!(generic::<u8, 1>(&5), ["5"]);
        assert_eq!(impl_trait(3).count(), 3);
        assert_eq!(longest("one", "three"), "three");
        r#type();
        assert!(recorded::panics(|| never(true)));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("free", 1),
            ("generic", 2),
            ("impl_trait", 1),
            ("lifetimes", 1),
            ("raw", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("impl_trait.calls", 1)]);
}

#[test]
fn methods() {
    let recorded = recorded(|| {
        let mut shop = shop();
        assert_eq!(shop.by_ref(), "corner");
        shop.by_mut().expect("it has a name").push('!');
        assert_eq!(shop.serve(), 7);
        assert_eq!(shop.serve_more(1), Some(8));
        <() as Serve>::new();
        assert_eq!(shop.by_value(), "corner!");
    });
    assert_eq!(
        recorded.samples(),
        [
            ("by_mut{outcome=ok}", 1),
            ("by_ref{shop=corner}", 1),
            ("default{more=1,outcome=ok}", 1),
            ("trait", 2)
        ]
    );
    assert_eq!(recorded.counts(), [("by_value", 1), ("default.new", 1)]);
}

#[test]
fn async_methods() {
    let recorded = recorded(|| {
        let mut shop = shop();
        assert_eq!(block_on(is_send(shop.async_method("7"))), Ok("corner7"));
        assert!(block_on(shop.async_method("x")).is_err());
    });
    assert_eq!(
        recorded.samples(),
        [
            ("async_method{shop=corner,outcome=ok}", 1),
            ("async_method{shop=corner7,outcome=error}", 1),
        ]
    );
}

#[test]
fn async_trait_methods() {
    let recorded = recorded(|| {
        let fetch: Box<dyn Fetch> = Box::new(shop());
        let future = is_send(fetch.fetch("4"));
        assert_eq!(block_on(future), Ok(10));
        drop(fetch.fetch("never polled"));
        assert_eq!(block_on(is_send(fetch.fetch_or_nothing("x"))), 0);
    });
    assert_eq!(
        recorded.samples(),
        [
            ("fetch.default{route=x}", 1),
            ("fetch{route=4,outcome=ok}", 1),
            ("fetch{route=x,outcome=error}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [("fetch.calls{shop=corner}", 2), ("fetch.default.calls", 1)]
    );
}
