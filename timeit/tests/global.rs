//! The global recorder among local ones: each record goes to the recorder of the moment. In a process of its own.

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use metrics_timeit::attr::{self, count};
use metrics_timeit::timeit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a recorder was asked for something.
#[derive(Default)]
struct Tally {
    described: AtomicUsize,
    looked_up: AtomicUsize,
    recorded: AtomicUsize,
}

struct Tallied(Arc<Tally>);

impl Tallied {
    fn new() -> (Self, Arc<Tally>) {
        let tally = Arc::new(Tally::default());
        (Self(Arc::clone(&tally)), tally)
    }
}

impl Tally {
    /// Descriptions, look-ups and records since the last time.
    fn take(&self) -> [usize; 3] {
        [&self.described, &self.looked_up, &self.recorded]
            .map(|number| number.swap(0, Ordering::Relaxed))
    }
}

fn one_more(number: &AtomicUsize) {
    number.fetch_add(1, Ordering::Relaxed);
}

impl HistogramFn for Tally {
    fn record(&self, _: f64) {
        one_more(&self.recorded);
    }
}

impl CounterFn for Tally {
    fn increment(&self, _: u64) {
        one_more(&self.recorded);
    }

    fn absolute(&self, _: u64) {
        unreachable!("nothing here mirrors a total");
    }
}

impl Recorder for Tallied {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        one_more(&self.0.described);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        one_more(&self.0.looked_up);
        Counter::from_arc(Arc::clone(&self.0))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        one_more(&self.0.looked_up);
        Histogram::from_arc(Arc::clone(&self.0))
    }
}

/// Three times, each described, and a count.
#[attr::timeit]
#[count("calls")]
fn measured() {
    let _timer = timeit!("inner");
    drop(timeit!("of.user", "user" => 7.to_string()));
}

/// What `measured` asks of a recorder.
const MEASURED: [usize; 3] = [3, 4, 4];
const NOTHING: [usize; 3] = [0, 0, 0];

#[test]
fn each_record_goes_to_the_recorder_of_the_moment() {
    // Before there is a global one.
    measured();
    let (local, early) = Tallied::new();
    with_local_recorder(&local, measured);
    assert_eq!(early.take(), MEASURED);

    let (recorder, global) = Tallied::new();
    metrics::set_global_recorder(recorder).expect("it is the first");
    measured();
    assert_eq!(global.take(), MEASURED);

    // Two local ones in the same place, one after the other.
    let mut place: Option<Tallied>;
    for _ in 0..2 {
        let (local, tally) = Tallied::new();
        place = Some(local);
        with_local_recorder(place.as_ref().expect("it is there"), measured);
        assert_eq!((tally.take(), global.take()), (MEASURED, NOTHING));
        // And back.
        measured();
        assert_eq!((tally.take(), global.take()), (NOTHING, MEASURED));
    }
    assert_eq!(early.take(), NOTHING);

    // A timer records into the recorder that is there at its end.
    let timer = timeit!("across");
    let (local, tally) = Tallied::new();
    with_local_recorder(&local, || drop(timer));
    assert_eq!((tally.take(), global.take()), ([1, 1, 1], NOTHING));
}
