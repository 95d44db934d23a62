//! The floor, one shared atomic without a look-up, and how to measure beside it on a machine that is not quiet.

#![allow(dead_code, unreachable_pub, reason = "each bench uses its own part")]
#![allow(clippy::cast_precision_loss, reason = "nanoseconds")]

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, counter, gauge, histogram, with_local_recorder,
};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchExporter, CloudWatchRecorder, Matcher, MemorySink, MetricSettings,
};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// Every metric is the same one: a counter is an atomic, a gauge too, a histogram two.
#[derive(Clone, Default)]
pub struct Floor {
    counter: Arc<Shared>,
    gauge: Arc<Shared>,
    histogram: Arc<Pair>,
}

#[derive(Default)]
struct Shared(AtomicU64);

#[derive(Default)]
struct Pair(AtomicU64, AtomicU64);

impl CounterFn for Shared {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl GaugeFn for Shared {
    fn increment(&self, value: f64) {
        self.set(value);
    }

    fn decrement(&self, value: f64) {
        self.set(value);
    }

    fn set(&self, value: f64) {
        self.0.swap(value.to_bits(), Ordering::Relaxed);
    }
}

impl HistogramFn for Pair {
    fn record(&self, value: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.fetch_add(value.to_bits(), Ordering::Relaxed);
    }
}

impl Recorder for Floor {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(&self.counter))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::clone(&self.gauge))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::clone(&self.histogram))
    }
}

/// With its exporter, without which it does nothing.
pub fn ours() -> (CloudWatchRecorder, CloudWatchExporter) {
    let builder = CloudWatchBuilder::new("Bench").with_sink("test", MemorySink::new());
    let settings = MetricSettings::new().with_dropped_labels(["user"]);
    let builder = builder.with_metric_settings(Matcher::any(), settings);
    builder.build().expect("it has a sink")
}

/// Handles that were looked up once.
pub struct Handles {
    counter: Counter,
    gauge: Gauge,
    histogram: Histogram,
}

impl Handles {
    pub fn of(recorder: &dyn Recorder) -> Self {
        with_local_recorder(recorder, || Self {
            counter: counter!("handle"),
            gauge: gauge!("handle"),
            histogram: histogram!("handle"),
        })
    }
}

/// Records so often, in one way.
pub type Workload = fn(&Handles, u32);

macro_rules! workload {
    (|$handles:pat_param, $n:pat_param| $record:expr) => {
        |$handles, records| (0..records).for_each(|$n| $record)
    };
}

pub const WORKLOADS: [(&str, Workload); 12] = [
    (
        "counter, handle",
        workload!(|handles, _| handles.counter.increment(black_box(1))),
    ),
    (
        "gauge, handle",
        workload!(|handles, n| handles.gauge.set(black_box(f64::from(n)))),
    ),
    (
        "histogram, handle",
        workload!(|handles, n| handles.histogram.record(black_box(value(n)))),
    ),
    (
        "counter, static macro",
        workload!(|_, _| counter!("n").increment(black_box(1))),
    ),
    (
        "gauge, static macro",
        workload!(|_, n| gauge!("n").set(black_box(f64::from(n)))),
    ),
    (
        "histogram, static macro",
        workload!(|_, n| histogram!("n").record(black_box(value(n)))),
    ),
    (
        "counter, two labels",
        workload!(|_, _| counter!("n", "method" => "GET", "route" => "/").increment(black_box(1))),
    ),
    (
        "histogram, two labels",
        workload!(|_, n| {
            histogram!("n", "method" => "GET", "route" => "/").record(black_box(value(n)));
        }),
    ),
    (
        "counter, dynamic label",
        workload!(|_, n| {
            counter!("n", "shard" => black_box(n % 8).to_string()).increment(black_box(1));
        }),
    ),
    (
        "counter, dropped label",
        workload!(|_, n| {
            counter!("n", "user" => black_box(n).to_string()).increment(black_box(1));
        }),
    ),
    (
        "counter, described",
        workload!(|_, _| {
            counter!(unit: Unit::Count, description: "how many", "n").increment(black_box(1));
        }),
    ),
    (
        "histogram, dynamic label",
        workload!(|_, n| {
            histogram!("n", "shard" => black_box(n % 8).to_string()).record(black_box(value(n)));
        }),
    ),
];

/// A thousand values over ten octaves.
fn value(n: u32) -> f64 {
    f64::from(n % 1_024) + 0.5
}

pub fn time(recorder: &dyn Recorder, handles: &Handles, work: Workload, records: u32) -> Duration {
    with_local_recorder(recorder, || {
        let start = Instant::now();
        work(handles, records);
        start.elapsed()
    })
}

/// Short enough that most slices are not interrupted.
const SLICE: u32 = 10_000;
const SLICES: usize = 400;
/// Beyond all numbers of slices.
const DONE: u64 = 1 << 32;

/// Nanoseconds of a record, one after the other: the median over slices that are measured in turn, so
/// that what slows the machine down slows all of them down.
pub fn in_turn<const N: usize>(
    subjects: [(&dyn Recorder, &Handles); N],
    work: Workload,
) -> [f64; N] {
    let mut slices: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for (recorder, handles) in subjects {
        time(recorder, handles, work, 10 * SLICE);
    }
    for _ in 0..SLICES {
        for ((recorder, handles), slices) in subjects.iter().zip(&mut slices) {
            slices.push(time(*recorder, handles, work, SLICE).as_nanos() as f64 / f64::from(SLICE));
        }
    }
    slices.map(median)
}

/// On cache lines of its own.
#[repr(align(128))]
struct Progress(AtomicU64);

/// The same by two threads at once: of the slices during which the other one ran, too.
pub fn by_two(recorder: &(dyn Recorder + Sync), handles: &Handles, work: Workload) -> f64 {
    let barrier = Barrier::new(2);
    let progress = [Progress(AtomicU64::new(0)), Progress(AtomicU64::new(0))];
    let slices = |own: usize| {
        let other = || progress[1 - own].0.load(Ordering::Relaxed);
        let mut slices = Vec::new();
        barrier.wait();
        for slice in 0..50 * SLICES {
            let before = other();
            let took = time(recorder, handles, work, SLICE).as_nanos() as f64 / f64::from(SLICE);
            progress[own].0.fetch_add(1, Ordering::Relaxed);
            // More than a few means that the other one ran while this one had no processor.
            if slice > 10 && (1..=4).contains(&(other() % DONE).saturating_sub(before % DONE)) {
                slices.push(took);
            }
            // Enough for both, so that neither is left alone.
            if slices.len() >= SLICES && other() >= DONE {
                break;
            }
            if slices.len() == SLICES {
                progress[own].0.fetch_add(DONE, Ordering::Relaxed);
            }
        }
        median(slices)
    };
    thread::scope(|scope| {
        let second = scope.spawn(|| slices(1));
        slices(0).max(second.join().expect("it does not panic"))
    })
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
