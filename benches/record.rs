//! What a record costs, beside one shared atomic without a look-up.
//!
//! `cargo bench --bench record` has it by Criterion, one after the other; `cargo bench --bench record --
//! ratios` prints a table of medians that were measured in turn, which holds on a machine that is not quiet.

#![allow(
    clippy::cast_possible_truncation,
    reason = "Criterion does not record so often"
)]

mod beside;

use beside::{Floor, Handles, WORKLOADS, in_turn, ours, time};
use criterion::Criterion;

fn main() {
    let floor = Floor::default();
    let (ours, _exporter) = ours();
    let handles = [Handles::of(&floor), Handles::of(&ours)];
    if std::env::args().any(|arg| arg == "ratios") {
        println!("{:26} {:>8} {:>8} {:>7}", "ns", "floor", "ours", "ratio");
        for (name, work) in WORKLOADS {
            let [floor, ours] = in_turn([(&floor, &handles[0]), (&ours, &handles[1])], work);
            println!("{name:26} {floor:8.2} {ours:8.2} {:7.2}", ours / floor);
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("record");
    for (name, work) in WORKLOADS {
        group.bench_function(format!("floor: {name}"), |bench| {
            bench.iter_custom(|records| time(&floor, &handles[0], work, records as u32));
        });
        group.bench_function(name, |bench| {
            bench.iter_custom(|records| time(&ours, &handles[1], work, records as u32));
        });
    }
    group.finish();
    criterion.final_summary();
}
