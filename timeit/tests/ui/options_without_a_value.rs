use metrics_timeit::attr::count;

#[count("api", by =)]
fn by_what() {}

#[count("api", by = , "key" => "value")]
fn by_what_before_a_label() {}

#[count("api", crate = "metrics_timeit")]
fn crate_in_quotes() {}

#[count("api", crate =)]
fn where_is_it() {}

fn main() {
    by_what();
    by_what_before_a_label();
    crate_in_quotes();
    where_is_it();
}
