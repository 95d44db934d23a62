//! What a timed empty function costs, beside the parts that it cannot do without and beside its neighbours.

use criterion::{Criterion, criterion_group, criterion_main};
use function_timer::time;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit, histogram};
use metrics_timeit::attr::{count, timeit};
use metrics_timeit::{Timer, on_idle};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A recorder as cheap as one may be: one cell for everything, found in a map, as recorders find theirs.
#[derive(Default)]
struct Cheap {
    histograms: std::sync::RwLock<std::collections::HashMap<Key, Arc<Cell>>>,
}

#[derive(Default)]
struct Cell(AtomicU64);

impl metrics::HistogramFn for Cell {
    fn record(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl metrics::CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl Cheap {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        if let Some(cell) = self.histograms.read().unwrap().get(key) {
            return Arc::clone(cell);
        }
        let mut cells = self.histograms.write().unwrap();
        Arc::clone(cells.entry(key.clone()).or_default())
    }
}

impl metrics::Recorder for Cheap {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

#[timeit("attribute")]
#[inline(never)]
fn with_attribute() {}

#[timeit("attribute.labels", "method" => "GET", outcome)]
#[inline(never)]
fn with_outcome() -> Result<(), ()> {
    Ok(())
}

#[count("counted")]
#[inline(never)]
fn with_count() {}

#[inline(never)]
fn with_macro() {
    let _timer = metrics_timeit::timeit!("macro");
}

#[inline(never)]
fn with_dynamic_label(route: &str) {
    let _timer = metrics_timeit::timeit!("dynamic", "route" => route.to_owned());
}

#[inline(never)]
fn with_held(histogram: &Histogram) {
    let _timer = Timer::start(histogram);
}

#[time("function_timer")]
#[inline(never)]
fn with_function_timer() {}

#[inline(never)]
fn with_metrics_macro() {
    let started = Instant::now();
    histogram!("by_hand").record(started.elapsed().as_secs_f64() * 1e3);
}

/// What `timeit!` is measured by.
#[inline(never)]
fn with_described_metrics_macro() {
    let started = Instant::now();
    histogram!(unit: Unit::Milliseconds, description: "Elapsed time", "by_hand.described")
        .record(started.elapsed().as_secs_f64() * 1e3);
}

fn clocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("two clock reads");
    group.bench_function("std", |bench| {
        bench.iter(|| Instant::now().elapsed());
    });
    let clock = quanta::Clock::new();
    group.bench_function("quanta", |bench| {
        bench.iter(|| {
            let started = clock.raw();
            clock.delta(started, clock.raw())
        });
    });
    group.bench_function("quanta, Instant", |bench| {
        bench.iter(|| quanta::Instant::now().elapsed());
    });
    group.finish();
}

fn functions(criterion: &mut Criterion) {
    metrics::set_global_recorder(Cheap::default()).expect("it is the first");
    let cached = histogram!("cached");
    let floor = |histogram: &Histogram| {
        let elapsed = Instant::now().elapsed();
        histogram.record(elapsed.as_secs_f64() * 1e3);
    };

    let mut group = criterion.benchmark_group("timed empty function");
    group.bench_function("a bare Instant pair", |bench| {
        bench.iter(|| Instant::now().elapsed());
    });
    group.bench_function("one record on a cached handle", |bench| {
        bench.iter(|| cached.record(black_box(1.5)));
    });
    group.bench_function("two clock reads and that: the floor", |bench| {
        bench.iter(|| floor(black_box(&cached)));
    });
    group.bench_function("Timer::start(&histogram)", |bench| {
        bench.iter(|| with_held(black_box(&cached)));
    });
    group.bench_function("#[timeit]", |bench| bench.iter(with_attribute));
    group.bench_function("timeit!", |bench| bench.iter(with_macro));
    group.bench_function("#[timeit(.., outcome)]", |bench| bench.iter(with_outcome));
    group.bench_function("timeit!, a label known at run time", |bench| {
        bench.iter(|| with_dynamic_label(black_box("/orders")));
    });
    group.bench_function("#[count]", |bench| bench.iter(with_count));
    group.bench_function("timeit! under a local recorder", |bench| {
        let local = Cheap::default();
        metrics::with_local_recorder(&local, || bench.iter(with_macro));
    });
    group.bench_function("histogram! and Instant", |bench| {
        bench.iter(with_metrics_macro);
    });
    group.bench_function(
        "histogram! with unit and description, and Instant",
        |bench| {
            bench.iter(with_described_metrics_macro);
        },
    );
    group.bench_function("function-timer's #[time]", |bench| {
        bench.iter(with_function_timer);
    });
    let subscription = on_idle(|| {});
    group.bench_function("#[timeit], with a subscriber", |bench| {
        bench.iter(with_attribute);
    });
    let outer = metrics_timeit::timeit!("outer");
    group.bench_function("#[timeit], with a subscriber, within another", |bench| {
        bench.iter(with_attribute);
    });
    drop(outer);
    drop(subscription);
    group.finish();
}

criterion_group!(benches, clocks, functions);
criterion_main!(benches);
