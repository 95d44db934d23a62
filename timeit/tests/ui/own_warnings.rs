#![deny(warnings)]

use metrics_timeit::attr::{count, timeit};

#[timeit("api", on_success)]
fn unreachable() -> u8 {
    return 7;
    8
}

#[count("api", outcome)]
async fn unused() -> Option<u8> {
    let forgotten = 7;
    Some({ 7 })
}

fn main() {
    unreachable();
    let _ = unused();
}
