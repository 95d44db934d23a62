//! `timeit!` and its guard.

mod recorded;

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_timeit::{TimeUnit, Timer, timeit};
use recorded::{panics, recorded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn milliseconds(duration: Duration) -> f64 {
    TimeUnit::Milliseconds.of(duration)
}

#[test]
fn it_records_what_stop_gives() {
    let mut took = Duration::ZERO;
    let recorded = recorded(|| took = timeit!("api", "HTTP Method" => "GET").stop());
    assert_eq!(
        recorded.histograms["api{HTTP Method=GET}"],
        [milliseconds(took)]
    );
}

#[test]
fn it_records_on_drop_return_and_panic() {
    fn early(stop: bool) -> u8 {
        let _timer = timeit!("early");
        if stop {
            return 1;
        }
        2
    }
    let recorded = recorded(|| {
        assert_eq!(early(true) + early(false), 3);
        assert!(panics(|| {
            let _timer = timeit!("panic");
            panic!("as asked");
        }));
    });
    assert_eq!(recorded.samples(), [("early", 2), ("panic", 1)]);
}

#[test]
fn a_discarded_timer_records_nothing() {
    let recorded = recorded(|| {
        timeit!("api").discard();
        timeit!("api").with_label("key", "value").discard();
        std::mem::forget(timeit!("api"));
    });
    assert_eq!(recorded.samples(), []);
}

#[test]
fn elapsed_does_not_end_it() {
    let recorded = recorded(|| {
        let timer = timeit!("api");
        let first = timer.elapsed();
        assert!(timer.elapsed() >= first);
        assert!(timer.stop() >= first);
    });
    assert_eq!(recorded.samples(), [("api", 1)]);
}

#[test]
fn labels_come_until_the_end() {
    let recorded = recorded(|| {
        let timer = timeit!("api", "method" => "GET");
        let timer = timer.with_label("status", 200.to_string());
        drop(timer.with_label("outcome", "ok"));
    });
    assert_eq!(
        recorded.samples(),
        [("api{method=GET,status=200,outcome=ok}", 1)]
    );
}

#[test]
fn names_and_labels_as_in_histogram() {
    const NAME: &str = "constant";
    let recorded = recorded(|| {
        drop(timeit!("trailing", "key" => "value",));
        drop(timeit!(NAME));
        drop(timeit!(String::from("owned"), "key" => "value"));
        drop(timeit!(format!("{}.formatted", "is"), "key" => 5.to_string(), "other" => NAME));
        drop(timeit!("labels", &[("key", "value")]));
        drop(timeit!("labels", vec![metrics::Label::new("key", "other")]));
        drop(timeit!(target: "elsewhere", level: metrics::Level::DEBUG, "with.target"));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("constant", 1),
            ("is.formatted{key=5,other=constant}", 1),
            ("labels{key=other}", 1),
            ("labels{key=value}", 1),
            ("owned{key=value}", 1),
            ("trailing{key=value}", 1),
            ("with.target", 1),
        ]
    );
}

#[test]
fn the_unit_is_milliseconds_unless_said_otherwise() {
    let mut took = Duration::ZERO;
    let owned = String::from("owned");
    let recorded = recorded(|| {
        drop(timeit!("literal"));
        drop(timeit!(owned));
        drop(timeit!(unit: Unit::Microseconds, description: "How long", "micro"));
        took = timeit!("seconds").record_in(TimeUnit::Seconds).stop();
    });
    assert_eq!(recorded.histograms["seconds"], [TimeUnit::Seconds.of(took)]);
    let described = |name: &str| {
        let (unit, description) = &recorded.described[name];
        (*unit, description.clone().unwrap_or_default())
    };
    let elapsed = || "Elapsed time".to_owned();
    assert_eq!(described("literal"), (Some(Unit::Milliseconds), elapsed()));
    assert_eq!(described("owned"), (Some(Unit::Milliseconds), elapsed()));
    assert_eq!(
        described("micro"),
        (Some(Unit::Microseconds), "How long".to_owned())
    );
    assert_eq!(described("seconds"), (Some(Unit::Seconds), elapsed()));
}

#[test]
fn fractions_are_kept() {
    let duration = Duration::new(2, 500_250);
    assert_eq!(TimeUnit::Seconds.of(duration), 2.000_500_250);
    assert_eq!(TimeUnit::Milliseconds.of(duration), 2_000.500_25);
    assert_eq!(TimeUnit::Microseconds.of(duration), 2_000_500.25);
    assert_eq!(TimeUnit::Nanoseconds.of(duration), 2_000_500_250.0);
}

#[test]
fn it_goes_to_other_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let timer: Timer = send(timeit!("api"));
    timer.discard();
}

/// A recorder whose histograms panic.
struct Panicking {
    asked: Arc<AtomicUsize>,
}

impl HistogramFn for Panicking {
    fn record(&self, _: f64) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        panic!("as asked");
    }
}

impl Recorder for Panicking {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        let asked = Arc::clone(&self.asked);
        Histogram::from_arc(Arc::new(Self { asked }))
    }
}

/// A second panic, while the first unwinds, would end the process.
#[test]
fn a_recorder_that_panics_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let recorder = Panicking {
        asked: Arc::clone(&asked),
    };
    metrics::with_local_recorder(&recorder, || {
        assert!(panics(|| timeit!("api").stop()));
        assert!(panics(|| timeit!("api").with_label("key", "value").stop()));
        assert!(panics(|| drop(timeit!("api"))));
    });
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

/// As the statics have names, which the expressions of a user could have, too.
#[test]
fn statics_of_the_same_names_as_our_own() {
    const METADATA: &str = "elsewhere";
    const SITE: Unit = Unit::Seconds;
    const KEY: &str = "api";
    let recorded = recorded(|| {
        drop(timeit!(target: METADATA, unit: SITE, "literal"));
        drop(timeit!(target: METADATA, unit: SITE, KEY));
    });
    assert_eq!(recorded.samples(), [("api", 1), ("literal", 1)]);
    assert_eq!(recorded.described["literal"].0, Some(Unit::Seconds));
}
