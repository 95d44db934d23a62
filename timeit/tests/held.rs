//! `Timer::start`: a guard on a histogram that the caller holds.

mod recorded;

use metrics::{Histogram, HistogramFn, Unit, histogram};
use metrics_timeit::{TimeUnit, Timer};
use recorded::{panics, recorded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn it_records_milliseconds_into_the_held_histogram() {
    let mut took = Duration::ZERO;
    let recorded = recorded(|| {
        let histogram =
            histogram!(unit: Unit::Milliseconds, description: "As I say", "held", "key" => "value");
        took = Timer::start(&histogram).stop();
    });
    assert_eq!(
        recorded.histograms["held{key=value}"],
        [TimeUnit::Milliseconds.of(took)]
    );
    // The guard's own words would be others.
    assert_eq!(
        recorded.described["held{key=value}"],
        (Some(Unit::Milliseconds), Some("As I say".to_owned()))
    );
}

#[test]
fn it_records_in_another_unit() {
    let mut took = Duration::ZERO;
    let recorded = recorded(|| {
        let timer = &histogram!("held");
        took = Timer::start(timer).record_in(TimeUnit::Nanoseconds).stop();
    });
    assert_eq!(
        recorded.histograms["held"],
        [TimeUnit::Nanoseconds.of(took)]
    );
    assert_eq!(recorded.described["held"], (None, None));
}

#[test]
fn it_records_once_on_drop_return_and_panic() {
    fn early(histogram: &Histogram, stop: bool) -> u8 {
        let timer = Timer::start(histogram);
        if stop {
            return 1;
        }
        assert!(timer.elapsed() <= timer.stop());
        2
    }
    let recorded = recorded(|| {
        let histogram = histogram!("held");
        assert_eq!(early(&histogram, true) + early(&histogram, false), 3);
        assert!(panics(|| {
            let _timer = Timer::start(&histogram);
            panic!("as asked");
        }));
    });
    assert_eq!(recorded.samples(), [("held", 3)]);
}

#[test]
fn a_discarded_one_records_nothing() {
    let recorded = recorded(|| {
        let histogram = histogram!("held");
        Timer::start(&histogram).discard();
        std::mem::forget(Timer::start(&histogram));
    });
    assert_eq!(recorded.samples(), [("held", 0)]);
}

/// A second panic, while the first unwinds, would end the process.
#[test]
fn a_histogram_that_panics_is_asked_once() {
    struct Panicking(AtomicUsize);

    impl HistogramFn for Panicking {
        fn record(&self, _: f64) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("as asked");
        }
    }

    let asked = Arc::new(Panicking(AtomicUsize::new(0)));
    let histogram = Histogram::from_arc(Arc::clone(&asked));
    assert!(panics(|| Timer::start(&histogram).stop()));
    assert!(panics(|| drop(Timer::start(&histogram))));
    assert_eq!(asked.0.load(Ordering::Relaxed), 2);
}
