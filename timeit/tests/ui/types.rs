use metrics_timeit::attr::{count, timeit};

struct Opaque;

#[count("api", by = "five")]
fn by_is_a_number() {}

#[count("api", by = -1)]
fn by_is_not_negative() {}

#[timeit("api", "key" => value)]
fn a_label_is_text(value: Opaque) -> Opaque {
    value
}

#[timeit("api", "key" => missing)]
fn unknown_argument() {}

#[timeit("api")]
fn a_fault_of_its_own() -> u8 {
    "five"
}

fn main() {}
