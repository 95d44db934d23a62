use metrics_timeit::timeit;

fn main() {
    let name = String::from("api");
    let _timer = timeit!("key" => "value");
    let _timer = timeit!("api", "key");
    let _timer = timeit!(name, "key" => "value", "other");
    let _timer = timeit!(unit: metrics::Unit::Seconds, "key" => "value");
}
