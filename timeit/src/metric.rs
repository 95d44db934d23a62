//! Where a measure goes: to a histogram or a counter, known to the compiler or only at run time.
//!
//! No handle is kept: each record asks the recorder of the moment, as the facade's own macros do.

use crate::clock::Start;
use crate::unit::TimeUnit;
use metrics::{Key, Label, Metadata, SharedString};
use std::time::Duration;

/// A metric that a guard reports to when its scope ends.
pub trait Metric {
    /// What the guard keeps from the start.
    type Start;

    /// Puts the measure that began with `start` into the recorder of the moment.
    fn report(&self, start: &Self::Start);
}

/// Describes and records under one look for the recorder, where the facade's macro takes two.
#[inline]
fn record(
    key: &Key,
    metadata: &'static Metadata<'static>,
    unit: TimeUnit,
    description: SharedString,
    duration: Duration,
) {
    metrics::with_recorder(|recorder| {
        // Every time: what the recorder of the moment has been told by others is not known.
        recorder.describe_histogram(key.name_shared(), Some(unit.into()), description);
        recorder
            .register_histogram(key, metadata)
            .record(unit.of(duration));
    });
}

#[inline]
fn increment(key: &Key, metadata: &'static Metadata<'static>, by: u64) {
    metrics::with_recorder(|recorder| recorder.register_counter(key, metadata).increment(by));
}

/// A histogram whose name and labels are constants: one static for each place in the code.
#[derive(Debug)]
pub struct HistogramSite {
    key: &'static Key,
    metadata: &'static Metadata<'static>,
    unit: TimeUnit,
    description: &'static str,
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
        }
    }

    #[inline]
    pub(crate) fn record(&self, duration: Duration) {
        let description = SharedString::const_str(self.description);
        record(self.key, self.metadata, self.unit, description, duration);
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
    type Start = Start;

    #[inline]
    fn report(&self, start: &Start) {
        if let Some(elapsed) = start.elapsed() {
            self.record(elapsed);
        }
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

    pub(crate) fn record(&self, duration: Duration) {
        let description = self.description.clone();
        record(&self.key, self.metadata, self.unit, description, duration);
    }
}

impl Metric for DynamicHistogram {
    type Start = Start;

    fn report(&self, start: &Start) {
        if let Some(elapsed) = start.elapsed() {
            self.record(elapsed);
        }
    }
}

/// A counter whose name and labels are constants, as [`HistogramSite`].
#[derive(Debug)]
pub struct CounterSite {
    key: &'static Key,
    metadata: &'static Metadata<'static>,
}

impl CounterSite {
    /// For a static.
    pub const fn new(key: &'static Key, metadata: &'static Metadata<'static>) -> Self {
        Self { key, metadata }
    }
}

impl Metric for &CounterSite {
    type Start = u64;

    #[inline]
    fn report(&self, by: &u64) {
        increment(self.key, self.metadata, *by);
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
        increment(&self.key, self.metadata, *by);
    }
}
