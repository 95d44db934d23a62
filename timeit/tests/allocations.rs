//! With static names and labels nothing is allocated.

mod recorded;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use metrics_timeit::attr::{self, count};
use metrics_timeit::{Timer, timeit};
use recorded::{block_on, turn};
use std::sync::Arc;

#[attr::timeit]
#[attr::timeit("api", "HTTP Method" => "GET", "port" => 8080, "tls" => true, "kind" => 'x', outcome)]
#[count("requests", "HTTP Method" => "GET")]
#[count("failures", if_err)]
#[count("bytes", by = size, on_success)]
fn handle(size: u64) -> Result<u64, ()> {
    let timer = timeit!("handle.inner", "part" => "first");
    timer.stop();
    timeit!("handle.discarded").discard();
    let _timer = timeit!(unit: Unit::Seconds, description: "The rest", "handle.rest");
    let held = Histogram::noop();
    let _held = Timer::start(&held);
    if size == 0 { Err(()) } else { Ok(size) }
}

#[attr::timeit("waiting", outcome)]
async fn waiting() -> Option<()> {
    turn().await;
    Some(())
}

#[attr::timeit("labelled", "size" => size)]
fn labelled(size: u64) -> u64 {
    size
}

/// Each kind of function, and each of its outcomes.
fn everything() {
    let _ = (handle(1), handle(0));
    block_on(waiting());
}

/// A recorder that keeps nothing and allocates nothing, so that all that is counted is ours.
#[derive(Default)]
struct Fixed {
    nothing: Arc<Nothing>,
}

#[derive(Default)]
struct Nothing;

impl HistogramFn for Nothing {
    fn record(&self, _: f64) {}
}

impl CounterFn for Nothing {
    fn increment(&self, _: u64) {}
    fn absolute(&self, _: u64) {}
}

impl Recorder for Fixed {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(&self.nothing))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::clone(&self.nothing))
    }
}

fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

#[test]
fn static_names_and_labels_allocate_nothing() {
    assert_eq!(allocations(everything), 0, "without a recorder");
    assert!(
        allocations(|| {
            labelled(5);
        }) > 0,
        "it is counted"
    );

    let local = Fixed::default();
    metrics::with_local_recorder(&local, || {
        assert_eq!(allocations(everything), 0, "with a local recorder");
    });

    metrics::set_global_recorder(Fixed::default()).expect("it is the first");
    assert_eq!(allocations(everything), 0, "with the global recorder");
    let subscription = metrics_timeit::on_idle(|| {});
    assert_eq!(allocations(everything), 0, "with a subscriber");
    drop(subscription);
}
