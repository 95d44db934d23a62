use metrics_timeit::attr::{count, timeit};

#[timeit("api", outcome)]
fn nothing() {}

#[count("api", if_err)]
async fn number() -> u8 {
    7
}

fn main() {
    nothing();
    let _ = number();
}
