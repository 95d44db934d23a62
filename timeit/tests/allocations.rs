//! With static names and labels nothing is allocated, once a place in the code is known to the recorder.

mod recorded;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use metrics_timeit::attr::{self, count};
use metrics_timeit::timeit;
use recorded::{block_on, turn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    looked_up: Arc<AtomicUsize>,
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
        self.looked_up.fetch_add(1, Ordering::Relaxed);
        Counter::from_arc(Arc::clone(&self.nothing))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.looked_up.fetch_add(1, Ordering::Relaxed);
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
        // The first call may start the thread that looks for a global recorder.
        everything();
        assert_eq!(allocations(everything), 0, "with a local recorder");
    });

    let global = Fixed::default();
    let looked_up = Arc::clone(&global.looked_up);
    metrics::set_global_recorder(global).expect("it is the first");
    // Until every place knows that it is the global one: a thread is on its way to find out.
    loop {
        let before = looked_up.load(Ordering::Relaxed);
        everything();
        if looked_up.load(Ordering::Relaxed) == before {
            break;
        }
        std::thread::yield_now();
    }
    let before = looked_up.load(Ordering::Relaxed);
    assert_eq!(allocations(everything), 0, "with the global recorder");
    let subscription = metrics_timeit::on_idle(|| {});
    assert_eq!(allocations(everything), 0, "with a subscriber");
    drop(subscription);
    assert_eq!(
        looked_up.load(Ordering::Relaxed),
        before,
        "handles are kept"
    );
}
