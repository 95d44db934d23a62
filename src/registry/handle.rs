//! What the macros get, and applications keep: a series, for whichever thread records.

use super::series::Series;
use super::thread::Current;
use crate::aggregate::{Counter, Gauge, Histogram};
use metrics::{CounterFn, GaugeFn, HistogramFn};
use std::sync::Arc;

/// A thread's own way to a series: so that no two threads count the same references, nor such as are in one cache
/// line, as memory that one thread frees is another's next.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Handle<A> {
    pub(super) registry: u64,
    pub(super) series: Arc<Series<A>>,
}

impl CounterFn for Series<Counter> {
    #[inline]
    fn increment(&self, value: u64) {
        self.aggregate.increment(&Current, value);
    }

    fn absolute(&self, value: u64) {
        self.aggregate.absolute(value);
    }
}

impl GaugeFn for Series<Gauge> {
    fn increment(&self, value: f64) {
        self.aggregate.increment(&Current, value);
    }

    fn decrement(&self, value: f64) {
        self.aggregate.increment(&Current, -value);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.aggregate.set(&Current, value);
    }
}

impl HistogramFn for Series<Histogram> {
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
        self.series.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.series.absolute(value);
    }
}

impl GaugeFn for Handle<Gauge> {
    fn increment(&self, value: f64) {
        self.series.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.series.decrement(value);
    }

    fn set(&self, value: f64) {
        self.series.set(value);
    }
}

impl HistogramFn for Handle<Histogram> {
    fn record(&self, value: f64) {
        self.series.record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        // Not by way of the `Arc`, for which it would be so many records.
        Series::record_many(&self.series, value, count);
    }
}
