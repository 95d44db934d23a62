use metrics_timeit::attr::{count, timeit};

#[timeit("api", on_success)]
fn an_opaque_closure(more: usize) -> impl Fn(&str) -> usize {
    move |text: &str| text.len() + more
}

#[count("api", if_err)]
fn within_a_result(more: usize) -> Result<Box<impl FnOnce(usize) -> usize>, String> {
    Ok(Box::new(move |size: usize| size + more))
}

#[track_caller]
#[timeit("api", outcome)]
fn a_caller() -> Option<&'static std::panic::Location<'static>> {
    Some(std::panic::Location::caller())
}

// Without an option they are well.
#[timeit("api")]
#[track_caller]
fn no_option() -> impl Fn(&str) -> usize {
    |text| text.len()
}

fn main() {
    let _ = (an_opaque_closure(1)("text"), within_a_result(1), a_caller(), no_option()("text"));
}
