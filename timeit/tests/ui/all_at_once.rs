use metrics_timeit::attr::timeit;

#[timeit("", 5 => "five", by = 3, outcome, if_err)]
const fn seven() -> u8 {
    7
}

fn main() {
    seven();
}
