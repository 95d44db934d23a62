//! What a histogram's window costs to drain, encode and pack, by how many buckets it has.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use metrics::{Histogram, Key, Label, Metadata, Recorder};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, HistogramForm, Matcher, MemorySink, MetricSettings,
};
use tokio::runtime::Runtime;

const HISTOGRAMS: usize = 1_000;
const METADATA: Metadata<'static> = Metadata::new("bench", metrics::Level::INFO, None);

fn encode(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("there are threads");
    let mut group = criterion.benchmark_group("1,000 histograms");
    group.sample_size(20);
    for form in [HistogramForm::Distribution, HistogramForm::StatisticSet] {
        for samples in [1, 100, 2_500] {
            let sink = MemorySink::new().with_max_values(150);
            let builder = CloudWatchBuilder::new("Bench").with_sink("test", sink.clone());
            let builder = builder.with_metric_settings(
                Matcher::any(),
                MetricSettings::new().with_histogram_form(form),
            );
            let (recorder, exporter) = builder.build().expect("it has a sink");
            let cloudwatch = exporter.handle();
            runtime.spawn(exporter.run());
            let histograms: Vec<Histogram> = (0..HISTOGRAMS)
                .map(|n| {
                    let key = Key::from_parts("h", vec![Label::new("number", n.to_string())]);
                    recorder.register_histogram(&key, &METADATA)
                })
                .collect();
            let record = || {
                sink.take();
                for histogram in &histograms {
                    (0..samples).for_each(|n| histogram.record(1.005f64.powi(n)));
                }
            };
            group.bench_function(format!("{form:?} of {samples} samples"), |bench| {
                bench.iter_batched(
                    record,
                    |()| runtime.block_on(cloudwatch.flush()).expect("it runs"),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
