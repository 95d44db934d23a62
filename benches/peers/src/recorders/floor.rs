//! One shared atomic, two for histograms, whatever the key: nothing can be recorded with less, unless
//! threads keep apart.

use super::{Delivered, Installed};
use anyhow::Result;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

static COUNTER: LazyLock<Arc<AtomicU64>> = LazyLock::new(Arc::default);
static GAUGE: LazyLock<Arc<AtomicU64>> = LazyLock::new(Arc::default);
static HISTOGRAM: LazyLock<Arc<TwoAdds>> = LazyLock::new(Arc::default);

struct Floor;

#[derive(Default)]
struct TwoAdds {
    count: AtomicU64,
    sum: AtomicU64,
}

impl HistogramFn for TwoAdds {
    fn record(&self, value: f64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        // An integer add: one of floats is a loop around a compare-and-swap.
        self.sum.fetch_add(value.to_bits(), Ordering::Relaxed);
    }
}

impl Recorder for Floor {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(&COUNTER))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::clone(&GAUGE))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::clone(&HISTOGRAM))
    }
}

pub(super) fn install() -> Result<impl Installed> {
    metrics::set_global_recorder(Floor)?;
    Ok(Floor)
}

impl Installed for Floor {
    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        Ok(Some(Delivered {
            counted: COUNTER.load(Ordering::Relaxed),
            samples: HISTOGRAM.count.load(Ordering::Relaxed),
        }))
    }
}
