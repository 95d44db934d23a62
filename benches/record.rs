//! What a record costs, beside one shared atomic.

use criterion::{Criterion, criterion_group, criterion_main};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, MemorySink};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

fn record(criterion: &mut Criterion) {
    let builder = CloudWatchBuilder::new("Bench").with_sink(MemorySink::new());
    let (recorder, _exporter) = builder.build().expect("it has a sink");
    metrics::set_global_recorder(recorder).expect("it is the first");

    let floor = AtomicU64::new(0);
    let (counter, gauge, histogram) = (counter!("n"), gauge!("g"), histogram!("h"));
    let mut value = 0.0;
    let mut next = move || {
        value = if value > 1e3 { 1.0 } else { value + 0.37 };
        value
    };
    let mut group = criterion.benchmark_group("record");
    group.bench_function("one shared atomic", |bench| {
        bench.iter(|| floor.fetch_add(black_box(1), Ordering::Relaxed));
    });
    group.bench_function("counter, cached handle", |bench| {
        bench.iter(|| counter.increment(black_box(1)));
    });
    group.bench_function("counter, macro", |bench| {
        bench.iter(|| counter!("n").increment(black_box(1)));
    });
    group.bench_function("counter, macro with two labels", |bench| {
        bench.iter(|| counter!("n", "method" => "GET", "route" => "/").increment(black_box(1)));
    });
    group.bench_function("gauge, cached handle", |bench| {
        bench.iter(|| gauge.set(black_box(next())));
    });
    group.bench_function("histogram, cached handle", |bench| {
        bench.iter(|| histogram.record(black_box(next())));
    });
    group.bench_function("histogram, macro", |bench| {
        bench.iter(|| histogram!("h").record(black_box(next())));
    });
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
