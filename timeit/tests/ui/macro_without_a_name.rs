use metrics_timeit::timeit;

fn main() {
    let _timer = timeit!();
}
