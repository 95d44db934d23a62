use metrics_timeit::attr::{count, timeit};

#[timeit]
const fn seven() -> u8 {
    7
}

#[count("eight")]
const fn eight() -> u8 {
    8
}

const SUM: u8 = seven() + eight();

fn main() {
    let _ = SUM;
}
