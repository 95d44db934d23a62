//! What a snapshot costs: of series that nobody touched, of series that were recorded to, and of many shards.
//!
//! `cargo bench -p metrics-recording --bench snapshot` prints medians in milliseconds.

mod subject;

use metrics::{Counter, Histogram};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;
use subject::{Subject, key, median, millis};

const SERIES: usize = 100_000;
const RUNS: usize = 51;

#[repr(align(64))]
struct Apart(AtomicU64);

fn main() {
    idle();
    active();
    many_shards();
}

fn idle() {
    let [mut counters, mut timed, mut gauges] =
        [None, Some(Duration::from_hours(1)), None].map(Subject::new);
    for n in 0..SERIES {
        counters.counter(&key("counter", n)).increment(1);
        timed.counter(&key("counter", n)).increment(1);
        gauges.gauge(&key("gauge", n)).set(1.0);
    }
    let atomics: Vec<Apart> = (0..SERIES).map(|_| Apart(AtomicU64::new(0))).collect();
    let walk = || {
        let values = atomics
            .iter()
            .map(|Apart(atomic)| atomic.load(Ordering::Relaxed));
        black_box(values.sum::<u64>());
    };
    for subject in [&mut counters, &mut timed, &mut gauges] {
        assert_eq!(subject.snapshot(), SERIES);
    }
    let look = |subject: &mut Subject| millis(|| assert_eq!(subject.snapshot(), 0));
    let runs: Vec<[f64; 4]> = (0..RUNS)
        .map(|_| {
            [
                millis(walk),
                look(&mut counters),
                look(&mut timed),
                look(&mut gauges),
            ]
        })
        .collect();
    let of = |place: usize| median(runs.iter().map(|run| run[place]).collect());
    let floor = of(0);
    println!("{SERIES} atomics on cache lines of their own: {floor:.3} ms");
    for (place, what) in (1..).zip(["counters", "counters with an idle timeout", "gauges"]) {
        let look = of(place);
        println!("{SERIES} idle {what}: {look:.3} ms, {:.2} x", look / floor);
    }
}

fn active() {
    let mut subject = Subject::new(None);
    let counters: Vec<Counter> = (0..SERIES)
        .map(|n| subject.counter(&key("counter", n)))
        .collect();
    let histograms: Vec<Histogram> = (0..SERIES / 10)
        .map(|n| subject.histogram(&key("histogram", n)))
        .collect();
    let times = (0..11).map(|_| {
        for counter in &counters {
            counter.increment(1);
        }
        for histogram in &histograms {
            (0..20).for_each(|n| histogram.record(f64::from(n) + 0.5));
        }
        millis(|| {
            black_box(subject.snapshot());
        })
    });
    let took = median(times.collect());
    println!(
        "{SERIES} counters and {} histograms of 20 samples: {took:.1} ms",
        SERIES / 10
    );
}

/// Each thread has a shard in each histogram, and records to each of 2,560 buckets there.
fn many_shards() {
    const THREADS: usize = 64;
    const HISTOGRAMS: usize = 500;
    let mut subject = Subject::new(None);
    let histograms: Arc<Vec<Histogram>> = (0..HISTOGRAMS)
        .map(|n| subject.histogram(&key("sharded", n)))
        .collect::<Vec<_>>()
        .into();
    let barrier = Arc::new(Barrier::new(THREADS + 1));
    let runs = 5;
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (histograms, barrier) = (Arc::clone(&histograms), Arc::clone(&barrier));
            thread::spawn(move || {
                for _ in 0..=runs {
                    for histogram in histograms.iter() {
                        for n in 0..2_560 {
                            histogram.record(
                                f64::from(n / 128).exp2() * (1.0 + f64::from(n % 128) / 128.0),
                            );
                        }
                    }
                    barrier.wait();
                    barrier.wait();
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for run in 0..=runs {
        barrier.wait();
        let took = millis(|| assert_eq!(subject.snapshot(), HISTOGRAMS));
        // The first has the shards opened.
        if run > 0 {
            times.push(took);
        }
        barrier.wait();
    }
    for thread in threads {
        thread.join().expect("it does not panic");
    }
    println!(
        "{HISTOGRAMS} histograms of {THREADS} shards of 2,560 buckets: {:.1} ms",
        median(times)
    );
}
