use metrics_timeit::attr::{count, timeit};

#[timeit]
struct Shop;

#[count("opened")]
const OPEN: bool = true;

#[timeit]
mod shop {}

fn main() {
    let _ = (Shop, OPEN);
}
