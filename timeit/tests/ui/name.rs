use metrics_timeit::attr::{count, timeit};

#[timeit(5)]
fn not_a_string() {}

#[timeit("")]
fn empty() {}

#[count("  ")]
fn blank() {}

#[count("key" => "value", "name")]
fn late() {}

#[timeit("name", "another")]
fn two() {}

fn main() {
    not_a_string();
    empty();
    blank();
    late();
    two();
}
