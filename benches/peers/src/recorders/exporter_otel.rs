//! `metrics-exporter-otel`, over an SDK with its defaults: histograms have fifteen fixed bounds.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics_exporter_otel::OpenTelemetryRecorder;
use opentelemetry_031::metrics::MeterProvider;
use opentelemetry_sdk_031::error::OTelSdkResult;
use opentelemetry_sdk_031::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics, ScopeMetrics, SumDataPoint,
};
use opentelemetry_sdk_031::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk_031::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

static COUNTED: AtomicU64 = AtomicU64::new(0);
static SAMPLES: AtomicU64 = AtomicU64::new(0);

struct ExporterOtel(SdkMeterProvider);

/// Keeps the totals, which each export tells again.
struct Tally;

pub(super) fn install() -> Result<impl Installed> {
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(Tally).build())
        .build();
    metrics::set_global_recorder(OpenTelemetryRecorder::new(provider.meter("peers")))?;
    Ok(ExporterOtel(provider))
}

impl Installed for ExporterOtel {
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
                AggregatedMetrics::F64(MetricData::Histogram(histogram))
                    if metric.name() == HISTOGRAM =>
                {
                    let samples = histogram.data_points().map(HistogramDataPoint::count);
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
