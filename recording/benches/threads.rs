//! What a record costs where several threads record to one series: gauges, and histograms whose threads have no shard.
//!
//! `cargo bench -p metrics-recording --bench threads` prints nanoseconds that a record takes its thread's processor,
//! and how long the slowest took. With more threads than processors, threads are preempted at any place.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "nanoseconds, and shares of how many there are"
)]

mod subject;

use std::hint::black_box;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use subject::{Subject, key, median};

/// As many indexes as there are for shards.
const INDEXES: usize = 128;
const RECORDS: usize = 6_400_000;

fn main() {
    println!(
        "{:52} {:>9} {:>9} {:>9} {:>11}",
        "ns", "1 thread", "2", "64", "slowest, us"
    );
    let subject = Subject::new(None);
    let gauge = |n| subject.gauge(&key("gauge", n));
    let [within, rising, relative] = [gauge(0), gauge(1), gauge(2)];
    within.set(-1.0);
    within.set(1e18);
    row("gauge, set within the extremes", |n| within.set(n as f64));
    row("gauge, set to ever-rising values", |n| rising.set(n as f64));
    row("gauge, incremented, so that it rises", |_| {
        relative.increment(1.0);
    });
    let held = hold_all_indexes(&subject);
    let shared = subject.histogram(&key("histogram", 0));
    row("histogram, threads without a shard", |n| {
        shared.record((n % 1_000) as f64 + 0.5);
    });
    let shared = subject.counter(&key("counter", 0));
    row("counter, threads without a shard", |_| shared.increment(1));
    drop(held);
}

/// Runs `record` with numbers that rise in each thread, from run to run too.
fn row(name: &str, record: impl Fn(usize) + Sync) {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let (mut slowest, mut first) = (0, 0);
    let times = [1, 2, 64].map(|threads| {
        let each = RECORDS / threads;
        let mut run = || {
            first += each;
            let first = first;
            let barrier = Barrier::new(threads + 1);
            let records = || {
                barrier.wait();
                let mut slowest = Duration::ZERO;
                for chunk in (first..first + each).step_by(100) {
                    let before = Instant::now();
                    (chunk..chunk + 100).for_each(|n| record(black_box(n)));
                    slowest = slowest.max(before.elapsed());
                }
                slowest
            };
            thread::scope(|scope| {
                let all: Vec<_> = (0..threads).map(|_| scope.spawn(records)).collect();
                barrier.wait();
                let start = Instant::now();
                let ends = all
                    .into_iter()
                    .map(|thread| thread.join().expect("it does not panic"));
                let longest = ends.max().unwrap_or_default();
                slowest = slowest.max(longest.as_micros());
                let nanos = start.elapsed().as_nanos() as f64;
                nanos * threads.min(processors) as f64 / (each * threads) as f64
            })
        };
        median((0..7).map(|_| run()).collect())
    });
    println!(
        "{name:52} {:9.1} {:9.1} {:9.1} {slowest:11}",
        times[0], times[1], times[2]
    );
}

/// Threads that have all shard indexes until what is returned is dropped.
fn hold_all_indexes(subject: &Subject) -> Vec<mpsc::Sender<()>> {
    let counter = Arc::new(subject.counter(&key("held", 0)));
    let mut held = Vec::new();
    for _ in 0..INDEXES {
        let (release, released) = mpsc::channel::<()>();
        let (begin, begins) = mpsc::channel();
        let counter = Arc::clone(&counter);
        thread::spawn(move || {
            (0..100_000).for_each(|_| counter.increment(1));
            begin.send(()).expect("somebody waits");
            let _ = released.recv();
        });
        begins.recv().expect("it begins");
        held.push(release);
    }
    held
}
