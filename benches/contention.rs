//! What a record costs while other threads record to the same series.
//!
//! `cargo bench --bench contention` has it by Criterion; `cargo bench --bench contention -- ratios` prints a
//! table of medians over short slices. Both need as many processors as there are threads.

#![allow(
    clippy::cast_possible_truncation,
    reason = "Criterion does not record so often"
)]

mod beside;

use beside::{Floor, Handles, WORKLOADS, by_two, in_turn, median, ours, time};
use criterion::Criterion;
use metrics::Recorder;
use std::sync::Barrier;
use std::thread;

const RUNS: usize = 3;

fn main() {
    let (floor, ours) = (Floor::default(), ours());
    let subjects: [(&str, &(dyn Recorder + Sync), Handles); 2] = [
        ("floor", &floor, Handles::of(&floor)),
        ("ours", &ours, Handles::of(&ours)),
    ];
    if std::env::args().any(|arg| arg == "ratios") {
        println!("{:32} {:>8} {:>8} {:>7}", "ns", "1 thread", "2", "ratio");
        for (name, work) in WORKLOADS {
            for (whose, recorder, handles) in &subjects {
                let runs = (0..RUNS).map(|_| {
                    let [one] = in_turn([(*recorder as &dyn Recorder, handles)], work);
                    (one, by_two(*recorder, handles, work))
                });
                let (one, two): (Vec<_>, Vec<_>) = runs.unzip();
                let (one, two) = (median(one), median(two));
                println!("{whose:5} {name:26} {one:8.2} {two:8.2} {:7.2}", two / one);
            }
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("contention");
    for (name, work) in WORKLOADS {
        for (whose, recorder, handles) in &subjects {
            group.bench_function(format!("two threads, {whose}: {name}"), |bench| {
                bench.iter_custom(|records| {
                    let barrier = Barrier::new(2);
                    let timed = || {
                        barrier.wait();
                        time(*recorder, handles, work, records as u32)
                    };
                    thread::scope(|scope| {
                        let other = scope.spawn(timed);
                        timed().max(other.join().expect("it does not panic"))
                    })
                });
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
