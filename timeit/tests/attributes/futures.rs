//! On functions that give back a future: what is timed is the future, the labels are the call's.

use crate::recorded::{block_on, is_send, poll, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use std::num::ParseIntError;
use std::pin::Pin;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// As the crate `futures` has it.
trait FutureExt: Future + Sized {
    fn boxed<'a>(self) -> BoxFuture<'a, Self::Output>
    where
        Self: Send + 'a,
    {
        Box::pin(self)
    }
}

impl<F: Future> FutureExt for F {}

#[timeit("impl", outcome)]
fn opaque(route: &str) -> impl Future<Output = Result<u8, ParseIntError>> + Send + use<> {
    let route = route.to_owned();
    async move {
        turn().await;
        route.parse()
    }
}

#[timeit("shadowed", "route" => route)]
#[count("shadowed.calls", by = route.len() as u64)]
fn shadowed(route: String) -> impl Future<Output = usize> {
    let route = route + "/of/something/else";
    async move { route.len() }
}

#[timeit("moved", "route" => route, outcome)]
#[count("moved.calls", "route" => route)]
fn moved(route: String) -> impl Future<Output = Option<usize>> {
    let length = route.len();
    drop(route);
    async move {
        turn().await;
        Some(length)
    }
}

#[timeit("static", "route" => route)]
#[count("static.calls", by = route.len() as u64, "route" => route, on_success)]
fn for_ever(route: &str) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    let length = route.len();
    Box::pin(async move {
        turn().await;
        length
    })
}

#[timeit("by.itself", "kind" => "constant")]
#[timeit("by.itself", outcome, "route" => route)]
#[count("by.itself.calls", by = 2, on_success)]
#[count("by.itself.turns", by = 3)]
fn without_move(route: String) -> impl Future<Output = Option<String>> {
    async {
        turn().await;
        Some(route).filter(|route| !route.is_empty())
    }
}

#[timeit("boxed", outcome)]
#[count("boxed.successes", on_success, "text" => text)]
fn boxed(text: &str) -> BoxFuture<'_, Result<u8, ParseIntError>> {
    async move {
        turn().await;
        let number: u8 = text.parse()?;
        Ok(number)
    }
    .boxed()
}

#[test]
fn timed_from_the_first_poll() {
    let recorded = recorded(|| {
        assert_eq!(block_on(is_send(opaque("4"))), Ok(4));
        drop((opaque("x"), boxed("x"), without_move("x".to_owned())));
    });
    assert_eq!(recorded.samples(), [("impl{outcome=ok}", 1)]);
    assert_eq!(recorded.counts(), []);
}

#[test]
fn labels_and_amounts_are_those_of_the_call() {
    let recorded = recorded(|| {
        assert_eq!(block_on(shadowed("/cart".to_owned())), 23);
        assert_eq!(block_on(moved("/cart".to_owned())), Some(5));
        assert_eq!(block_on(is_send(for_ever(&String::from("/cart")))), 5);
    });
    assert_eq!(
        recorded.samples(),
        [
            ("moved{route=/cart,outcome=ok}", 1),
            ("shadowed{route=/cart}", 1),
            ("static{route=/cart}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("moved.calls{route=/cart}", 1),
            ("shadowed.calls", 5),
            ("static.calls{route=/cart}", 5)
        ]
    );
}

#[test]
fn an_async_block_without_move_and_one_that_is_boxed() {
    let recorded = recorded(|| {
        let mut future = Box::pin(without_move("/".to_owned()));
        assert_eq!(poll(future.as_mut()), None);
        drop(future);
        assert!(block_on(without_move("/".to_owned())).is_some());
        assert_eq!(block_on(boxed("7")), Ok(7));
        assert!(block_on(boxed("x")).is_err());
    });
    assert_eq!(
        recorded.samples(),
        [
            ("boxed{outcome=error}", 1),
            ("boxed{outcome=ok}", 1),
            ("by.itself{kind=constant}", 2),
            ("by.itself{route=/,outcome=error}", 1),
            ("by.itself{route=/,outcome=ok}", 1)
        ]
    );
    assert_eq!(
        recorded.counts(),
        [
            ("boxed.successes{text=7}", 1),
            ("by.itself.calls", 2),
            ("by.itself.turns", 6)
        ]
    );
}

/// Every poll on a thread of its own, each with a recorder of its own.
#[test]
fn one_that_moves_between_threads() {
    #[timeit("moving", outcome)]
    #[count("moving.calls")]
    async fn moving() -> Option<std::thread::ThreadId> {
        let first = std::thread::current().id();
        let _timer = metrics_timeit::timeit!("moving.inner");
        turn().await;
        turn().await;
        (first != std::thread::current().id()).then_some(first)
    }
    let mut future = Box::pin(moving());
    let mut polled_on_a_thread = || {
        std::thread::scope(|scope| {
            let mut polled = None;
            let future = &mut future;
            let polled_here = scope.spawn(move || {
                let recorded = recorded(|| polled = poll(future.as_mut()));
                (recorded, polled)
            });
            polled_here.join().expect("it does not panic")
        })
    };
    for _ in 0..2 {
        let (recorded, polled) = polled_on_a_thread();
        assert_eq!(polled, None);
        assert_eq!((recorded.samples(), recorded.counts()), (vec![], vec![]));
    }
    let (recorded, polled) = polled_on_a_thread();
    assert!(polled.expect("it is complete").is_some());
    assert_eq!(
        recorded.samples(),
        [("moving.inner", 1), ("moving{outcome=ok}", 1)]
    );
    assert_eq!(recorded.counts(), [("moving.calls", 1)]);
}
