//! `metrics-opentelemetry` at its best: with bound instruments, and with exponential histograms, whose buckets
//! fit the values.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics_opentelemetry::opentelemetry::metrics::MeterProvider;
use metrics_opentelemetry::{OpenTelemetryMetrics, OpenTelemetryRecorder};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics, SumDataPoint,
};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, PeriodicReader, SdkMeterProvider, Stream, Temporality,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// More than any workload has: beyond 2,000, the default, all go to one series.
const MAX_COUNTERS: usize = 25_000;

static COUNTED: AtomicU64 = AtomicU64::new(0);
static SAMPLES: AtomicU64 = AtomicU64::new(0);

struct MetricsOpentelemetry(SdkMeterProvider);

/// Keeps the totals, which each export tells again.
struct Tally;

pub(super) fn install() -> Result<impl Installed> {
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(Tally).build())
        .with_view(view)
        .build();
    let metrics = OpenTelemetryMetrics::new(provider.meter("peers"));
    metrics::set_global_recorder(OpenTelemetryRecorder::new(metrics))?;
    Ok(MetricsOpentelemetry(provider))
}

fn view(instrument: &Instrument) -> Option<Stream> {
    let stream = match instrument.kind() {
        InstrumentKind::Histogram => {
            Stream::builder().with_aggregation(Aggregation::Base2ExponentialHistogram {
                max_size: 160,
                max_scale: 20,
                record_min_max: true,
            })
        }
        InstrumentKind::Counter => Stream::builder().with_cardinality_limit(MAX_COUNTERS),
        _ => return None,
    };
    Some(stream.build().expect("a valid stream"))
}

impl Installed for MetricsOpentelemetry {
    fn settle(&self) -> Result<()> {
        Ok(self.0.force_flush()?)
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        self.0.force_flush()?;
        Ok(Some(Delivered {
            counted: COUNTED.load(Ordering::Relaxed),
            samples: SAMPLES.load(Ordering::Relaxed),
        }))
    }
}

impl PushMetricExporter for Tally {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) if metric.name() == COUNTER => {
                    let counted = sum.data_points().map(SumDataPoint::value).sum();
                    COUNTED.store(counted, Ordering::Relaxed);
                }
                AggregatedMetrics::F64(MetricData::ExponentialHistogram(histogram))
                    if metric.name() == HISTOGRAM =>
                {
                    let samples = histogram.data_points().map(|point| point.count() as u64);
                    SAMPLES.store(samples.sum(), Ordering::Relaxed);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    /// That of OTLP.
    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
