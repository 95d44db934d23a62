use metrics_timeit::attr::{count, timeit};

struct Opaque;

#[timeit("api", outcome = "ok")]
fn a_literal() {}

#[count("api", outcome =)]
fn nothing() {}

#[timeit("api", outcome = |()| "ok", outcome)]
fn twice() {}

#[count("api", if_err, outcome = |result| result.is_some())]
fn contradiction() -> Option<()> {
    None
}

#[timeit("api", outcome = |()| Opaque)]
fn a_label_is_text() {}

#[timeit("api", outcome = |result| result.status())]
fn no_such_method() -> u8 {
    7
}

#[timeit("api", outcome = |one, two| one)]
fn two_arguments() -> u8 {
    7
}

fn main() {
    a_literal();
    nothing();
    twice();
    contradiction();
    a_label_is_text();
}
