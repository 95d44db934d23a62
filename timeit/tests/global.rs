//! The global recorder, whose handles are kept, among local ones, whose handles are not. In a process of its own.

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

fn one_more(number: &AtomicUsize) {
    number.fetch_add(1, Ordering::Relaxed);
}

/// What has come since the last time.
fn take(number: &AtomicUsize) -> usize {
    number.swap(0, Ordering::Relaxed)
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

/// Three records.
#[attr::timeit]
#[count("calls")]
fn measured() {
    let _timer = timeit!("inner");
}

fn of_user(user: usize) {
    let _timer = timeit!("of.user", "user" => user.to_string());
}

#[test]
fn handles_of_the_global_recorder_are_kept_and_no_others() {
    // Before there is a global one.
    let (local, early) = Tallied::new();
    with_local_recorder(&local, || (0..3).for_each(|_| measured()));
    assert_eq!(take(&early.recorded), 9);

    let (recorder, global) = Tallied::new();
    metrics::set_global_recorder(recorder).expect("it is the first");
    // Until every place knows it: a thread is on its way to find out.
    loop {
        measured();
        if take(&global.looked_up) == 0 {
            break;
        }
        std::thread::yield_now();
    }
    take(&global.recorded);
    measured();
    assert_eq!(take(&global.recorded), 3);

    // Two local ones in the same place, one after the other.
    let mut place: Option<Tallied>;
    for _ in 0..2 {
        let (local, tally) = Tallied::new();
        place = Some(local);
        with_local_recorder(place.as_ref().expect("it is there"), || {
            measured();
            measured();
        });
        assert_eq!(take(&tally.recorded), 6);
        assert_eq!(take(&tally.looked_up), 6);
        assert_eq!(take(&global.recorded), 0);
        // And back.
        measured();
        assert_eq!(take(&global.recorded), 3);
        assert_eq!(take(&global.looked_up), 0);
        assert_eq!(take(&tally.recorded), 0);
    }
    assert_eq!(take(&early.recorded), 0);
    descriptions_are_by_name(&global);
}

/// Once by a thread, however many labels a name has.
fn descriptions_are_by_name(global: &Tally) {
    let thousand_users = || (0..10_000).for_each(|call| of_user(call % 1_000));
    take(&global.described);
    thousand_users();
    assert_eq!(take(&global.described), 1);
    thousand_users();
    assert_eq!(take(&global.described), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| of_user(1));
    });
    assert_eq!(take(&global.described), 1);
    assert_eq!(take(&global.recorded), 20_001);

    // Another unit is another description.
    let seconds = || drop(timeit!(unit: Unit::Seconds, String::from("of.user")));
    seconds();
    seconds();
    assert_eq!(take(&global.described), 1);

    // A local recorder cannot be told from its predecessor: it is told every time.
    let (local, tally) = Tallied::new();
    with_local_recorder(&local, || (0..5).for_each(of_user));
    assert_eq!(take(&tally.described), 5);
    assert_eq!(take(&global.described), 0);
}
