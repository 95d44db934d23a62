use metrics_timeit::attr::{count, timeit};

#[timeit("api" outcome)]
fn without_a_comma() {}

#[count(, "api")]
fn begins_with_a_comma() {}

#[timeit("api", "key" => "value" "other" => "value")]
fn between_labels() {}

fn main() {
    without_a_comma();
    begins_with_a_comma();
    between_labels();
}
