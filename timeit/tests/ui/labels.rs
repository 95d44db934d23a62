use metrics_timeit::attr::{count, timeit};

#[timeit("api", 5 => "five")]
fn not_a_string() {}

#[timeit("api", "method" => "GET", "method" => "POST")]
fn twice() {}

#[count("api", "method" =>)]
fn without_a_value() {}

#[count("api", "method" = "GET")]
fn equals() {}

#[timeit("api", method = "GET")]
fn as_an_option() {}

#[timeit("api", outcome, "outcome" => "ok")]
fn the_option_and_the_label() -> Option<()> {
    None
}

fn main() {
    not_a_string();
    twice();
    without_a_value();
    equals();
    as_an_option();
    the_option_and_the_label();
}
