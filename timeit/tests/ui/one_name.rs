use metrics_timeit::attr::{self, count, timeit};

const NAME: &str = "shop";

#[timeit("api")]
#[count("api")]
fn a_time_and_a_count() {}

#[count("api", "method" => "GET", on_success)]
#[inline]
#[attr::timeit("api", outcome)]
fn whatever_the_labels() -> Option<()> {
    None
}

#[timeit(NAME)]
#[count(NAME)]
async fn by_a_constant() {}

// Of one kind, or without a name, they are well.
#[timeit("api")]
#[timeit("api", "method" => "GET")]
#[count("requests", "method" => "GET")]
#[count("requests")]
#[timeit]
#[count]
fn distinct() {}

fn main() {
    a_time_and_a_count();
    whatever_the_labels();
    let _ = by_a_constant();
    distinct();
}
