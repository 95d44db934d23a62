//! Labels: literals, or whatever the arguments lead to, before the function begins.

use crate::recorded::{block_on, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use std::fmt::Display;
use std::net::Ipv4Addr;

const METHOD: &str = "method";

#[timeit("static", "HTTP Method" => "GET", "version" => "1")]
#[count("static.calls", "HTTP Method" => "GET",)]
fn of_literals() {}

#[timeit("literals", "port" => 8_080_u16, "tls" => true, "kind" => 'x')]
fn of_other_literals() {}

#[timeit("mixed", METHOD => method, "client" => client, "shard" => shard % 4, "path" => path.to_uppercase())]
fn of_arguments(method: &str, client: Ipv4Addr, shard: u64, path: String) -> String {
    let _ = (method, client, shard);
    path
}

#[timeit("moved", "owner" => owner)]
fn that_is_moved(owner: String) -> usize {
    drop(owner);
    0
}

#[timeit("changed", "left" => items.len())]
fn that_changes(items: &mut Vec<u8>) {
    items.clear();
}

#[count("generic", "key" => key)]
fn generic<K: Display>(key: &K) -> &K {
    key
}

#[timeit("patterns", "first" => first, "sum" => left + right)]
fn patterns([first, ..]: [u8; 3], (left, right): (u8, u8)) -> u8 {
    first + left + right
}

#[timeit("async", "route" => route)]
async fn asynchronous(route: String) {
    turn().await;
    drop(route);
}

#[test]
fn literals() {
    let recorded = recorded(|| {
        of_literals();
        of_other_literals();
    });
    assert_eq!(
        recorded.samples(),
        [
            ("literals{port=8080,tls=true,kind=x}", 1),
            ("static{HTTP Method=GET,version=1}", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("static.calls{HTTP Method=GET}", 1)]);
}

#[test]
fn arguments_as_they_were_when_it_began() {
    let recorded = recorded(|| {
        let path = of_arguments("GET", Ipv4Addr::LOCALHOST, 7, "/cart".to_owned());
        assert_eq!(path, "/cart");
        assert_eq!(that_is_moved("me".to_owned()), 0);
        that_changes(&mut vec![1, 2]);
        assert_eq!(generic(&'k'), &'k');
        assert_eq!(patterns([1, 2, 3], (4, 5)), 10);
        block_on(asynchronous("/a".to_owned()));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("async{route=/a}", 1),
            ("changed{left=2}", 1),
            ("mixed{method=GET,client=127.0.0.1,shard=3,path=/CART}", 1),
            ("moved{owner=me}", 1),
            ("patterns{first=1,sum=9}", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("generic{key=k}", 1)]);
}

#[test]
fn a_panic_in_a_label_comes_before_the_measurement() {
    #[timeit("never", "half" => 1 / zero)]
    fn divides(zero: u8) -> u8 {
        zero
    }
    let recorded = recorded(|| assert!(crate::recorded::panics(|| divides(0))));
    assert_eq!(recorded.samples(), []);
}
