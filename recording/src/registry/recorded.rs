//! A series with its aggregate, and the handles that the macros return.

use super::handle_cache::Handle;
use crate::aggregate::{Aggregate, Counter, Current, Gauge, Histogram};
use crate::series::Series;
use metrics::{CounterFn, GaugeFn, HistogramFn};
use std::sync::Arc;

/// What a snapshot looks at first comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Recorded<A> {
    pub(crate) aggregate: A,
    /// Whether it stands for all series beyond the metric's limit.
    pub(crate) is_overflow: bool,
    pub(crate) series: Arc<Series>,
}

impl<A: Aggregate> Recorded<A> {
    pub(super) fn new(series: Series, is_overflow: bool) -> Self {
        Self {
            aggregate: A::new(),
            is_overflow,
            series: Arc::new(series),
        }
    }
}

impl CounterFn for Recorded<Counter> {
    #[inline]
    fn increment(&self, value: u64) {
        self.aggregate.increment(&Current, value);
    }

    fn absolute(&self, value: u64) {
        if self.is_overflow {
            // The totals of several series cannot be one total.
            self.series.metric.drop_sample();
        } else {
            self.aggregate.absolute(value);
        }
    }
}

impl GaugeFn for Recorded<Gauge> {
    fn increment(&self, value: f64) {
        self.aggregate.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.aggregate.increment(-value);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.aggregate.set(value);
    }
}

impl HistogramFn for Recorded<Histogram> {
    #[inline]
    fn record(&self, value: f64) {
        self.aggregate.record(&Current, value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.aggregate.record_many(&Current, value, count as u64);
    }
}

impl CounterFn for Handle<Counter> {
    fn increment(&self, value: u64) {
        self.recorded.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.recorded.absolute(value);
    }
}

impl GaugeFn for Handle<Gauge> {
    fn increment(&self, value: f64) {
        self.recorded.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.recorded.decrement(value);
    }

    fn set(&self, value: f64) {
        self.recorded.set(value);
    }
}

impl HistogramFn for Handle<Histogram> {
    fn record(&self, value: f64) {
        self.recorded.record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        // Not by way of the `Arc`, for which it would be so many records.
        Recorded::record_many(&self.recorded, value, count);
    }
}
