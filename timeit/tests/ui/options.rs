use metrics_timeit::attr::{count, timeit};

#[timeit("api", by = 5)]
fn a_time_has_no_amount() {}

#[count("api", by = 5, by = 6)]
fn by_twice() {}

#[count("api", crate = metrics_timeit, crate = metrics_timeit)]
fn crate_twice() {}

#[timeit("api", outcome = true)]
fn a_flag_with_a_value() {}

#[count("api", outcom)]
fn misspelled() {}

#[timeit("api", outcome, outcome)]
fn flag_twice() -> Option<()> {
    None
}

#[count("api", if_err, on_success)]
fn contradiction() -> Option<()> {
    None
}

fn main() {
    a_time_has_no_amount();
    by_twice();
    crate_twice();
    a_flag_with_a_value();
    misspelled();
    flag_twice();
    contradiction();
}
