//! Lanes: opened under way, handed from thread to thread, and drained meanwhile.

use crate::aggregate::{Counter, Gauge, Histogram, HistogramPoint, Slots};
use crate::explore;
use crate::thread::{Recorder, mark};
use loom::sync::Arc;
use loom::thread;

/// Two threads record, first to what is shared, then in their lanes, while a third drains.
pub fn a_counter_becomes_hot() {
    explore(2, || {
        let counter = Arc::new(Counter::new(mark()));
        let slots = Slots::new();
        let recorders = [1, 4].map(|amount| {
            let (counter, recorder) = (Arc::clone(&counter), Recorder::start(&slots));
            thread::spawn(move || (0..3).for_each(|_| counter.increment(&recorder, amount)))
        });
        let mut drained = counter.drain() + counter.drain();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        drained += counter.drain();
        assert_eq!(drained, 15);
        assert_eq!(counter.drain(), 0);
    });
}

/// Two threads that may have the same slot, one after the other, while a third drains.
pub fn a_lane_goes_on_with_the_next_thread() {
    explore(3, || {
        let shared = Arc::new((Counter::new(mark()), Slots::new()));
        let recorders = [1, 4].map(|amount| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (counter, slots) = &*shared;
                let recorder = Recorder::start(slots);
                (0..2).for_each(|_| counter.increment(&recorder, amount));
                recorder.end(slots);
            })
        });
        let drained = shared.0.drain();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        assert_eq!(drained + shared.0.drain(), 10);
    });
}

/// Two threads that may have the same slot go on in one ring, while a third drains, and frees what ended threads had.
pub fn a_ring_goes_on_with_the_next_thread() {
    explore(4, || {
        let shared = Arc::new((Histogram::new(mark()), Slots::new()));
        // In no page, as a shared one is much to explore.
        let record = |shared: &(Histogram, Slots)| {
            let recorder = Recorder::start(&shared.1);
            (0..2).for_each(|_| shared.0.record(&recorder, 0.0));
            recorder.end(&shared.1);
        };
        record(&shared);
        let recorders = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || record(&shared))
        });
        let mut point = HistogramPoint::default();
        let free_slots = shared.1.free();
        shared.0.drain(&mut point);
        shared.0.give_back(free_slots);
        let mut count = point.count;
        for recorder in recorders {
            recorder.join().unwrap();
        }
        shared.0.drain(&mut point);
        count += point.count;
        assert_eq!(count, 6);
    });
}

/// A total is lifted while another thread increments in its lane: it counts as if one came first.
pub fn a_total_is_lifted_beside_a_lane() {
    explore(4, || {
        let counter = Arc::new(Counter::new(mark()));
        let recorder = Recorder::start(&Slots::new());
        // The first opens the lane, the second is in it.
        counter.increment(&recorder, 1);
        counter.increment(&recorder, 1);
        let lifting = Arc::clone(&counter);
        let lifting = thread::spawn(move || lifting.absolute(7));
        counter.increment(&recorder, 1);
        let drained = counter.drain();
        lifting.join().unwrap();
        let total = drained + counter.drain();
        assert!(total == 7 || total == 8, "{total}");
    });
}

/// One thread goes round its ring while another drains: each window is whole, and no sample is lost.
pub fn a_ring_is_drained_once() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new(mark()));
        let recorder = Recorder::start(&Slots::new());
        let mut point = HistogramPoint::default();
        histogram.record(&recorder, 0.0);
        histogram.drain(&mut point);
        let recording = Arc::clone(&histogram);
        let recording = thread::spawn(move || {
            // Lowest values of buckets; twice round the ring.
            for value in [1.0, 1.5, 2.0, 4.0, 8.0] {
                recording.record(&recorder, value);
            }
        });
        let mut all = (0, 0.0);
        let mut drain = || {
            histogram.drain(&mut point);
            check(&point);
            all = (all.0 + point.count, all.1 + point.sum);
        };
        drain();
        drain();
        recording.join().unwrap();
        drain();
        assert_eq!(all, (5, 16.5));
    });
}

/// A thread records, first to what is shared, then in its lane, while another drains.
pub fn a_histogram_becomes_hot() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new(mark()));
        let recording = Arc::clone(&histogram);
        let recording = thread::spawn(move || {
            let recorder = Recorder::start(&Slots::new());
            // In no page, as a shared one is much to explore.
            (0..3).for_each(|_| recording.record(&recorder, 0.0));
        });
        let mut point = HistogramPoint::default();
        histogram.drain(&mut point);
        let mut count = point.count;
        histogram.drain(&mut point);
        count += point.count;
        recording.join().unwrap();
        histogram.drain(&mut point);
        assert_eq!(count + point.count, 3);
    });
}

/// Of values that are the lowest of their buckets, so that all else can be told from the buckets.
fn check(point: &HistogramPoint) {
    let values = || {
        let buckets = point.buckets.iter();
        buckets.map(|bucket| {
            (
                bucket.bounds().0,
                f64::from(u32::try_from(bucket.count).unwrap()),
            )
        })
    };
    assert_eq!(
        point.sum,
        values().map(|(value, count)| value * count).sum()
    );
    if point.count > 0 {
        assert_eq!(Some(point.minimum), values().next().map(|(value, _)| value));
        assert_eq!(
            Some(point.maximum),
            values().next_back().map(|(value, _)| value)
        );
    }
}

/// One thread sets in its lane, another increments in its own, while a third drains.
pub fn a_gauge_tells_what_its_lanes_saw() {
    explore(2, || {
        let gauge = Arc::new(Gauge::new(mark()));
        let slots = Slots::new();
        let recorders = [0, 1].map(|_| Recorder::start(&slots));
        for recorder in &recorders {
            gauge.set(recorder, 0.0);
        }
        gauge.drain();
        let recorders = recorders.map(|recorder| {
            let gauge = Arc::clone(&gauge);
            thread::spawn(move || {
                gauge.increment(&recorder, 1.0);
                gauge.increment(&recorder, 1.0);
            })
        });
        let first = gauge.drain().0.unwrap();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        let second = gauge.drain().0.unwrap();
        assert!(first.minimum <= first.last && first.last <= first.maximum);
        assert_eq!((second.last, second.maximum), (4.0, 4.0));
        // Whatever the first drain did not take, the second did; what is told last is fresh.
        assert!(first.is_fresh || second.is_fresh);
        assert!(second.is_fresh || first.last == 4.0);
        let least = [first, second].into_iter().filter(|point| point.is_fresh);
        let least = least.map(|point| point.minimum).reduce(f64::min);
        assert_eq!(least, Some(1.0));
    });
}
