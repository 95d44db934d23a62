//! What most recorders are made of: `metrics-util`'s registry and its atomic storage.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[derive(Clone)]
struct Shared(Arc<Registry<Key, AtomicStorage>>);

impl Recorder for Shared {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0
            .get_or_create_counter(key, |counter| Counter::from_arc(counter.clone()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0
            .get_or_create_gauge(key, |gauge| Gauge::from_arc(gauge.clone()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0
            .get_or_create_histogram(key, |histogram| Histogram::from_arc(histogram.clone()))
    }
}

pub(super) fn install() -> Result<impl Installed> {
    let shared = Shared(Arc::new(Registry::atomic()));
    metrics::set_global_recorder(shared.clone())?;
    Ok(shared)
}

impl Shared {
    fn drain(&self) -> Delivered {
        let mut delivered = Delivered::default();
        self.0.visit_counters(|key, counter| {
            let counted = counter.swap(0, Ordering::Relaxed);
            if key.name() == COUNTER {
                delivered.counted += counted;
            }
        });
        self.0.visit_histograms(|key, histogram| {
            let mut samples = 0;
            histogram.clear_with(|values| samples += values.len() as u64);
            if key.name() == HISTOGRAM {
                delivered.samples += samples;
            }
        });
        delivered
    }
}

impl Installed for Shared {
    fn settle(&self) -> Result<()> {
        self.drain();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        Ok(Some(self.drain()))
    }
}
