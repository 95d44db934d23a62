//! What a record costs while other threads record to the same series.
//!
//! `cargo bench --bench contention` has it by Criterion; `cargo bench --bench contention -- ratios` prints a
//! table of medians over short slices, `-- ratios gauge` of those that have this in their name. Both need as many
//! processors as there are threads.

#![allow(
    clippy::cast_possible_truncation,
    reason = "Criterion does not record so often"
)]

mod beside;

use beside::{Floor, Handles, WORKLOADS, Workload, by_two, in_turn, median, ours, time};
use criterion::Criterion;
use metrics::Recorder;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const RUNS: usize = 3;

/// What the last value of a gauge could be ordered by, and no more than that: a store that others see, with as many
/// atomics around it as a macro call has, which wait for it to be seen; or a time.
const LEAST: [(&str, Workload); 2] = [
    ("a shared store and 3 own adds", |_, records| {
        OWN.with(|own| {
            for n in 0..records {
                SHARED.0.store(u64::from(black_box(n)), Ordering::Relaxed);
                (0..3).for_each(|_| {
                    own.0.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
    }),
    ("a look at the clock", |_, records| {
        (0..records).for_each(|_| {
            black_box(Instant::now());
        });
    }),
];

static SHARED: Apart = Apart(AtomicU64::new(0));

thread_local! {
    static OWN: Apart = const { Apart(AtomicU64::new(0)) };
}

#[repr(align(128))]
struct Apart(AtomicU64);

fn main() {
    let floor = Floor::default();
    let (ours, _exporter) = ours();
    let subjects: [(&str, &(dyn Recorder + Sync), Handles); 2] = [
        ("floor", &floor, Handles::of(&floor)),
        ("ours", &ours, Handles::of(&ours)),
    ];
    if std::env::args().any(|arg| arg == "ratios") {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let mut words = words
            .iter()
            .filter(|word| !word.starts_with("--") && *word != "ratios");
        let word = words.next().map_or("", String::as_str);
        let is_asked_for = |(name, _): &(&str, Workload)| name.contains(word);
        println!("{:32} {:>8} {:>8} {:>7}", "ns", "1 thread", "2", "ratio");
        for (name, work) in WORKLOADS.into_iter().filter(is_asked_for) {
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
        let (_, recorder, handles) = &subjects[0];
        for (name, work) in LEAST.into_iter().filter(is_asked_for) {
            let [one] = in_turn([(*recorder as &dyn Recorder, handles)], work);
            let two = by_two(*recorder, handles, work);
            println!("{name:32} {one:8.2} {two:8.2} {:7.2}", two / one);
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
