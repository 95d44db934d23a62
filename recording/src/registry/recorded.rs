//! A series with its aggregate, and the handles that the macros return.

use super::handle_owner::Handle;
use crate::aggregate::{Aggregate, Counter, Current, Gauge, Histogram};
use crate::series::Series;
use metrics::{CounterFn, GaugeFn, HistogramFn};
use std::sync::Arc;

/// What a snapshot looks at first comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Recorded<A> {
    pub(crate) aggregate: A,
    /// None before it is anybody's.
    series: Option<Arc<Series>>,
}

impl<A> Recorded<A> {
    pub(crate) fn series(&self) -> &Arc<Series> {
        self.series
            .as_ref()
            .expect("it is set before anybody sees it")
    }
}

/// Makes series many at a time, one beside the other in memory. A walk over neighbours waits less for memory.
#[derive(Debug)]
pub(super) struct Neighbours<A> {
    unused: Vec<Arc<Recorded<A>>>,
    /// How many to make next.
    series: usize,
}

impl<A: Aggregate> Neighbours<A> {
    const FIRST: usize = 8;

    pub(super) fn new() -> Self {
        Self {
            unused: Vec::new(),
            series: Self::FIRST.min(A::NEIGHBOURS),
        }
    }

    pub(super) fn make(&mut self, series: Series) -> Arc<Recorded<A>> {
        if self.unused.is_empty() {
            self.unused.extend((0..self.series).map(|_| {
                Arc::new(Recorded {
                    aggregate: A::new(),
                    series: None,
                })
            }));
            self.unused.reverse();
            self.series = A::NEIGHBOURS.min(2 * self.series);
        }
        let mut recorded = self.unused.pop().expect("it was filled");
        let made = Arc::get_mut(&mut recorded).expect("nobody has it yet");
        made.series = Some(Arc::new(series));
        recorded
    }
}

impl CounterFn for Recorded<Counter> {
    #[inline]
    fn increment(&self, value: u64) {
        self.aggregate.increment(&Current, value);
    }

    fn absolute(&self, value: u64) {
        let series = self.series();
        if series.is_overflow {
            // The totals of several series cannot be one total.
            series.metric.limit.dropped().count(1);
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
