//! Drains that look only at what is marked overlook nothing: whoever drains after a record of his own finds it, or
//! another drain has.

use crate::aggregate::{Aggregate, Counter, Gauge, Histogram, HistogramPoint, Mark, Slots};
use crate::explore;
use crate::row::{Places, Rows, Show};
use crate::thread::{Recorder, SHARING};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// An aggregate in its row, and what drains found there.
struct Drains<A, T> {
    aggregate: Arc<A>,
    rows: Mutex<(Rows<Arc<A>>, T)>,
}

impl<A: Aggregate, T: Default> Drains<A, T> {
    fn of(new: impl FnOnce(Mark) -> A) -> Self {
        let mark = Places::default().take();
        let aggregate = Arc::new(new(mark.clone()));
        let mut rows = Rows::new();
        rows.put(&mark, Arc::clone(&aggregate));
        // It is shown once in any case.
        rows.for_each(Show::Touched, |_, _| (), |_, _, _| false);
        Self {
            aggregate,
            rows: Mutex::new((rows, T::default())),
        }
    }

    fn drain(&self, mut find: impl FnMut(&A, &mut T)) {
        let (rows, found) = &mut *self.rows.lock().unwrap();
        rows.for_each(
            Show::Touched,
            |_, _| (),
            |_, _, aggregate| {
                find(aggregate, found);
                aggregate.has_lanes()
            },
        );
    }
}

/// Two threads, each of which records and then drains: what both have found by then.
fn found<A, T>(
    new: fn(Mark) -> A,
    threads: [Recorder; 2],
    record: fn(&A, &Recorder, usize),
    find: fn(&A, &mut T),
) -> T
where
    A: Aggregate + Send + Sync + 'static,
    T: Default + Send + 'static,
{
    let drains = Arc::new(Drains::<A, T>::of(new));
    let [first, second] = threads;
    let other = Arc::clone(&drains);
    let other = thread::spawn(move || {
        record(&other.aggregate, &second, 1);
        other.drain(find);
    });
    record(&drains.aggregate, &first, 0);
    drains.drain(find);
    other.join().unwrap();
    let found = &mut drains.rows.lock().unwrap().1;
    std::mem::take(found)
}

fn increments(preemptions: usize, threads: fn() -> [Recorder; 2]) {
    explore(preemptions, move || {
        let record = |counter: &Counter, thread: &Recorder, number| {
            (0..2).for_each(|_| counter.increment(thread, [1, 4][number]));
        };
        let find = |counter: &Counter, found: &mut u64| *found += counter.drain();
        let found = found(Counter::new, threads(), record, find);
        assert_eq!(found, 10);
    });
}

fn sharing() -> [Recorder; 2] {
    [SHARING, SHARING]
}

fn with_lanes() -> [Recorder; 2] {
    let slots = Slots::new();
    [Recorder::start(&slots), Recorder::start(&slots)]
}

/// The drain of one may come while the other opens the only lane.
pub fn increments_in_the_first_lane_are_found() {
    increments(3, || [SHARING, Recorder::start(&Slots::new())]);
}

/// Two threads without lanes.
pub fn increments_of_a_cold_counter_are_found() {
    increments(3, sharing);
}

/// Each opens its lane with its first increment, and has it for its second.
pub fn increments_in_lanes_are_found() {
    increments(3, with_lanes);
}

/// The higher of two totals is the growth, whoever is last.
pub fn totals_are_found() {
    explore(4, || {
        let record = |counter: &Counter, _: &Recorder, number| counter.absolute([7, 4][number]);
        let find = |counter: &Counter, found: &mut u64| *found += counter.drain();
        let found = found(Counter::new, sharing(), record, find);
        assert_eq!(found, 7);
    });
}

fn find_samples(histogram: &Histogram, found: &mut u64) {
    let mut point = HistogramPoint::default();
    histogram.drain(&mut point);
    *found += point.count;
}

/// Samples in no page, as a page is much to explore.
pub fn samples_are_found() {
    explore(3, || {
        let record = |histogram: &Histogram, thread: &Recorder, number| {
            histogram.record_many(thread, 0.0, [1, 2][number]);
        };
        let found = found(Histogram::new, sharing(), record, find_samples);
        assert_eq!(found, 3);
    });
}

/// The first value of each opens its lane.
pub fn values_in_lanes_are_found() {
    explore(2, || {
        let record = |histogram: &Histogram, thread: &Recorder, _| {
            (0..3).for_each(|_| histogram.record(thread, 0.0));
        };
        let found = found(Histogram::new, with_lanes(), record, find_samples);
        assert_eq!(found, 6);
    });
}

/// What is refused has a count of its own.
pub fn refusals_are_found() {
    explore(4, || {
        let record = |gauge: &Gauge, thread: &Recorder, _| gauge.set(thread, f64::NAN);
        let find = |gauge: &Gauge, found: &mut u64| {
            let (_, refused) = gauge.drain();
            *found += refused.iter().map(|(_, samples)| samples).sum::<u64>();
        };
        let found = found(Gauge::new, sharing(), record, find);
        assert_eq!(found, 2);
    });
}

/// The extremes have both values.
pub fn values_of_a_gauge_are_found() {
    explore(3, || {
        let record = |gauge: &Gauge, thread: &Recorder, number| {
            gauge.set(thread, [-5.0, 9.0][number]);
        };
        let find = |gauge: &Gauge, found: &mut Vec<f64>| {
            let point = gauge.drain().0.filter(|point| point.is_fresh);
            found.extend(
                point
                    .map(|point| [point.minimum, point.maximum])
                    .into_iter()
                    .flatten(),
            );
        };
        let found = found(Gauge::new, sharing(), record, find);
        assert!(found.contains(&-5.0) && found.contains(&9.0), "{found:?}");
    });
}

/// One thread drains while another makes a series in the same row, which is on its way to the drains when it is first
/// recorded to.
pub fn a_series_that_arrives_is_found() {
    explore(4, || {
        let mut places = Places::default();
        let marks = [places.take(), places.take()];
        let [first, second] = marks.map(|mark| (mark.clone(), Arc::new(Counter::new(mark))));
        let arrivals = Arc::new(Mutex::new(vec![first]));
        let drained = Arc::new(Mutex::new((Rows::new(), 0)));
        let drain = |arrivals: &Mutex<Vec<_>>, drained: &Mutex<(Rows<Arc<Counter>>, u64)>| {
            let (rows, found) = &mut *drained.lock().unwrap();
            for (mark, counter) in std::mem::take(&mut *arrivals.lock().unwrap()) {
                rows.put(&mark, counter);
            }
            rows.for_each(
                Show::Touched,
                |_, _| (),
                |_, _, counter| {
                    *found += counter.drain();
                    counter.has_lanes()
                },
            );
        };
        drain(&arrivals, &drained);
        let other = (Arc::clone(&arrivals), Arc::clone(&drained));
        let other = thread::spawn(move || {
            let (arrivals, drained) = other;
            let counter = Arc::clone(&second.1);
            arrivals.lock().unwrap().push(second);
            counter.increment(&SHARING, 1);
            drain(&arrivals, &drained);
        });
        drain(&arrivals, &drained);
        other.join().unwrap();
        assert_eq!(drained.lock().unwrap().1, 1);
    });
}
