//! Where a measure goes: to a histogram or a counter, known to the compiler or only at run time.

use crate::recorder;
use crate::unit::TimeUnit;
use metrics::{Counter, Histogram, Key, Label, Metadata, Recorder, SharedString};
use std::sync::OnceLock;
use std::time::Instant;

/// A metric that a guard reports to when its scope ends.
pub trait Metric {
    /// What the guard keeps from the start.
    type Start;

    /// Puts the measure that began with `start` into the recorder of the moment.
    fn report(&self, start: &Self::Start);
}

/// A histogram whose name and labels are constants: one static for each place in the code.
///
/// The handle of the global recorder is looked up once. Any other recorder, and any recorder until it
/// is known to be the global one, is asked every time, which is always right.
#[derive(Debug)]
pub struct HistogramSite {
    key: &'static Key,
    metadata: &'static Metadata<'static>,
    unit: TimeUnit,
    description: &'static str,
    global: OnceLock<Histogram>,
}

impl HistogramSite {
    /// For a static.
    pub const fn new(
        key: &'static Key,
        metadata: &'static Metadata<'static>,
        unit: TimeUnit,
        description: &'static str,
    ) -> Self {
        Self {
            key,
            metadata,
            unit,
            description,
            global: OnceLock::new(),
        }
    }

    #[inline]
    pub(crate) fn record(&self, duration: std::time::Duration) {
        let value = self.unit.of(duration);
        metrics::with_recorder(|recorder| {
            if !recorder::is_global(recorder) {
                self.look_up(recorder).record(value);
            } else if let Some(histogram) = self.global.get() {
                histogram.record(value);
            } else {
                let histogram = self.look_up(recorder);
                histogram.record(value);
                // Not `get_or_init`: a recorder that times itself would come here again. If another thread
                // was first, its handle is as good.
                let _ = self.global.set(histogram);
            }
        });
    }

    #[cold]
    fn look_up(&self, recorder: &dyn Recorder) -> Histogram {
        recorder.describe_histogram(
            self.key.name_shared(),
            Some(self.unit.into()),
            SharedString::const_str(self.description),
        );
        recorder.register_histogram(self.key, self.metadata)
    }

    pub(crate) fn to_dynamic(&self) -> DynamicHistogram {
        DynamicHistogram {
            key: self.key.clone(),
            metadata: self.metadata,
            unit: self.unit,
            description: SharedString::const_str(self.description),
        }
    }
}

impl Metric for &HistogramSite {
    type Start = Instant;

    #[inline]
    fn report(&self, start: &Instant) {
        self.record(start.elapsed());
    }
}

/// A histogram whose name or labels are known only when it is used.
#[derive(Debug, Clone)]
pub struct DynamicHistogram {
    pub(crate) key: Key,
    pub(crate) metadata: &'static Metadata<'static>,
    pub(crate) unit: TimeUnit,
    pub(crate) description: SharedString,
}

impl DynamicHistogram {
    /// Nothing is looked up yet.
    pub fn new(
        key: Key,
        metadata: &'static Metadata<'static>,
        unit: TimeUnit,
        description: impl Into<SharedString>,
    ) -> Self {
        Self {
            key,
            metadata,
            unit,
            description: description.into(),
        }
    }

    /// The same with one label more.
    #[must_use]
    pub fn with(mut self, key: impl Into<SharedString>, value: impl Into<SharedString>) -> Self {
        self.key = self.key.with_extra_labels(vec![Label::new(key, value)]);
        self
    }

    /// Of what a description is for: the name, whatever the labels, and the unit.
    ///
    /// The standard library's hasher withstands attacks, for 15 ns a call. Names are not an attacker's.
    fn description_hash(&self) -> u64 {
        let name = self.key.name().as_bytes();
        let start = (self.unit as u64) << 32 | name.len() as u64;
        let hash = name.chunks(8).fold(start, |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        // The low bits choose the place, and the high ones are mixed best.
        hash.rotate_left(32)
    }

    pub(crate) fn record(&self, duration: std::time::Duration) {
        metrics::with_recorder(|recorder| {
            let histogram = recorder.register_histogram(&self.key, self.metadata);
            // Described once by each thread; to a local recorder, which nothing tells from its predecessor, always.
            if !recorder::is_global(recorder) || recorder::is_undescribed(self.description_hash()) {
                recorder.describe_histogram(
                    self.key.name_shared(),
                    Some(self.unit.into()),
                    self.description.clone(),
                );
            }
            histogram.record(self.unit.of(duration));
        });
    }
}

impl Metric for DynamicHistogram {
    type Start = Instant;

    fn report(&self, start: &Instant) {
        self.record(start.elapsed());
    }
}

/// A counter whose name and labels are constants, as [`HistogramSite`].
#[derive(Debug)]
pub struct CounterSite {
    key: &'static Key,
    metadata: &'static Metadata<'static>,
    global: OnceLock<Counter>,
}

impl CounterSite {
    /// For a static.
    pub const fn new(key: &'static Key, metadata: &'static Metadata<'static>) -> Self {
        Self {
            key,
            metadata,
            global: OnceLock::new(),
        }
    }
}

impl Metric for &CounterSite {
    type Start = u64;

    #[inline]
    fn report(&self, by: &u64) {
        metrics::with_recorder(|recorder| {
            if !recorder::is_global(recorder) {
                recorder
                    .register_counter(self.key, self.metadata)
                    .increment(*by);
            } else if let Some(counter) = self.global.get() {
                counter.increment(*by);
            } else {
                let counter = recorder.register_counter(self.key, self.metadata);
                counter.increment(*by);
                let _ = self.global.set(counter);
            }
        });
    }
}

/// A counter whose name or labels are known only when it is used.
#[derive(Debug, Clone)]
pub struct DynamicCounter {
    key: Key,
    metadata: &'static Metadata<'static>,
}

impl DynamicCounter {
    /// Nothing is looked up yet.
    pub fn new(key: Key, metadata: &'static Metadata<'static>) -> Self {
        Self { key, metadata }
    }

    /// The same with one label more.
    #[must_use]
    pub fn with(mut self, key: impl Into<SharedString>, value: impl Into<SharedString>) -> Self {
        self.key = self.key.with_extra_labels(vec![Label::new(key, value)]);
        self
    }
}

impl Metric for DynamicCounter {
    type Start = u64;

    fn report(&self, by: &u64) {
        metrics::with_recorder(|recorder| {
            recorder
                .register_counter(&self.key, self.metadata)
                .increment(*by);
        });
    }
}
