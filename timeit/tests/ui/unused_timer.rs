#![deny(unused_must_use, let_underscore_drop)]

use metrics_timeit::timeit;

fn main() {
    timeit!("dropped at once");
    let _ = timeit!("so is this");
}
