//! The calls themselves. None is inlined, so that a count does not change with what is around it.

use metrics::{Counter, Gauge, Histogram, Unit};
use metrics_exporter_cloudwatch::timeit;

#[inline(never)]
pub(crate) fn counter_handle(counter: &Counter) {
    counter.increment(1);
}

#[inline(never)]
pub(crate) fn gauge_handle(gauge: &Gauge, value: f64) {
    gauge.set(value);
}

#[inline(never)]
pub(crate) fn histogram_handle(histogram: &Histogram, value: f64) {
    histogram.record(value);
}

#[inline(never)]
pub(crate) fn counter() {
    metrics::counter!("counter").increment(1);
}

#[inline(never)]
pub(crate) fn gauge(value: f64) {
    metrics::gauge!("gauge").set(value);
}

#[inline(never)]
pub(crate) fn histogram(value: f64) {
    metrics::histogram!("histogram").record(value);
}

#[inline(never)]
pub(crate) fn counter_labels() {
    metrics::counter!("counter", "method" => "GET", "route" => "/").increment(1);
}

#[inline(never)]
pub(crate) fn counter_dynamic(route: &str) {
    metrics::counter!("counter", "route" => route.to_owned()).increment(1);
}

#[inline(never)]
pub(crate) fn counter_dropped(user: &str) {
    metrics::counter!("counter", "user" => user.to_owned()).increment(1);
}

#[inline(never)]
pub(crate) fn counter_described() {
    metrics::counter!(unit: Unit::Count, description: "how many", "counter").increment(1);
}

#[inline(never)]
pub(crate) fn timeit() {
    let _timer = timeit!("scope");
}
