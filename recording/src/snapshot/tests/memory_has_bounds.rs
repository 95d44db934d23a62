//! What labels, names and descriptions without end take: a number of bytes, however many there are. What each takes is told
//! for 64-bit machines.

use super::{Both, METADATA, minute};
use crate::{MetricPolicy, NameId, Recorder, RecordingPolicy};
use metrics::{Key, KeyName, Label, Metadata, Recorder as _, Unit};
use metrics_util::MetricKind;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

/// A hundred series of each metric, and ten metrics, without their users.
struct Bounded;

impl RecordingPolicy for Bounded {
    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        MetricPolicy::default()
            .with_max_series(Some(100))
            .with_dropped_labels(["user"])
            .with_idle_timeout(Some(Duration::from_mins(5)))
    }

    fn max_names(&self) -> Option<usize> {
        Some(10)
    }
}

fn many() -> u32 {
    if std::env::var_os("LONG_TESTS").is_some() {
        1_000_000
    } else {
        20_000
    }
}

fn labelled(name: &'static str, n: u32) -> Key {
    Key::from_parts("n", vec![Label::new(name, n.to_string())])
}

fn named(n: u32) -> Key {
    Key::from_name(format!("a.name.of.its.own.{n}"))
}

/// Bytes that are there afterwards, the thread's own caches included: on a thread of its own, as each has caches.
fn bytes(record: impl Fn(&Both, u32) + Sync) -> i64 {
    thread::scope(|scope| {
        let recording = scope.spawn(|| {
            let mut both = None;
            let measured = allocation_counter::measure(|| {
                let (recorder, snapshotter) = Recorder::new(Bounded, UNIX_EPOCH);
                let mut new = Both {
                    recorder,
                    snapshotter,
                };
                for n in 0..many() {
                    record(&new, n);
                    if n.is_multiple_of(5_000) {
                        new.snapshotter.visit(UNIX_EPOCH, |_| true, |_| ());
                    }
                }
                both = Some(new);
            });
            measured.bytes_current
        });
        recording.join().unwrap()
    })
}

#[test]
fn a_label_of_many_values_takes_no_more_than_its_series() {
    for (dropped, bound) in [(true, 32 * 1_024), (false, 512 * 1_024)] {
        let key = |n| labelled(if dropped { "user" } else { "other" }, n);
        let counter = bytes(|both, n| both.counter(&key(n)).increment(1));
        assert!(counter < bound, "{counter} bytes");
        let gauge = bytes(|both, n| both.gauge(&key(n)).set(1.0));
        assert!(gauge < bound, "{gauge} bytes");
        let histogram = bytes(|both, n| both.histogram(&key(n)).record(1.0));
        assert!(histogram < bound, "{histogram} bytes");
    }
}

#[test]
fn names_and_descriptions_without_end_take_no_more_than_ten() {
    let recorded = bytes(|both, n| both.counter(&named(n)).increment(1));
    assert!(recorded < 64 * 1_024, "{recorded} bytes");
    let described = bytes(|both, n| {
        let name = KeyName::from(format!("a.name.of.its.own.{n}"));
        both.recorder
            .describe_counter(name, Some(Unit::Bytes), "in words".into());
    });
    assert!(described < 16 * 1_024, "{described} bytes");
}

/// A metric without any series keeps its name and what was said of it; threads remember keys until others come.
#[test]
fn what_is_evicted_leaves_its_name_behind() {
    let (recorder, snapshotter) = Recorder::new(Bounded, UNIX_EPOCH);
    let mut both = Both {
        recorder,
        snapshotter,
    };
    let mut rounds = |rounds: std::ops::Range<u32>| {
        for round in rounds {
            for n in 0..100 {
                // Others each time.
                let key = labelled("other", n + 100 * round);
                both.histogram(&key).record(1.0);
            }
            let at = 10 * u64::from(round);
            both.snapshotter.visit(minute(at), |_| true, |_| ());
            both.snapshotter.visit(minute(at + 5), |_| true, |_| ());
            assert_eq!(both.known(), 0);
        }
    };
    // Of 50,000 series, what one thread's cache holds at most.
    let bytes = allocation_counter::measure(|| rounds(0..500)).bytes_current;
    assert!(bytes < 800 * 1_024, "{bytes} bytes");
}

/// For each of a thousand, on a thread of its own, whose memory of them is counted, too.
#[cfg(target_pointer_width = "64")]
fn bytes_each(make: impl Fn(&Both, &Key) + Sync) -> i64 {
    const MANY: u32 = 1_000;
    thread::scope(|scope| {
        let recording = scope.spawn(|| {
            let mut both =
                Both::with(MetricPolicy::default().with_idle_timeout(Some(Duration::ZERO)));
            let keys: Vec<Key> = (0..MANY).map(named).collect();
            let measured = allocation_counter::measure(|| {
                for key in &keys {
                    make(&both, key);
                }
                // Nothing of what was recorded goes.
                both.snapshotter.visit(minute(1), |_| true, |_| ());
            });
            measured.bytes_current / i64::from(MANY)
        });
        recording.join().unwrap()
    })
}

/// All have names of their own, so that each is a metric, too, which takes its part.
#[cfg(target_pointer_width = "64")]
#[test]
fn each_takes_what_the_table_says() {
    let metric = bytes_each(|both, key| both.gauge(key).set(f64::NAN)) - 350;
    let counter = bytes_each(|both, key| both.counter(key).increment(1));
    assert!((1_000..1_200).contains(&counter), "{counter} bytes");
    let gauge = bytes_each(|both, key| both.gauge(key).set(1.0));
    assert!((1_000..1_250).contains(&gauge), "{gauge} bytes");
    let octaves = |both: &Both, key: &Key, octaves: u32| {
        let histogram = both.histogram(key);
        (0..octaves).for_each(|n| histogram.record(1.5 * f64::from(1 << n)));
    };
    let four = bytes_each(|both, key| octaves(both, key, 4));
    assert!(four < metric + 4_096, "{four} bytes");
    let more = bytes_each(|both, key| octaves(both, key, 20)) - four;
    assert!(more <= 16 * (512 + 16), "{more} bytes");
    let described = bytes_each(|both, key| {
        let unit = Some(Unit::Bytes);
        both.recorder
            .describe_counter(key.name_shared(), unit, "in words".into());
    });
    assert!((300..450).contains(&described), "{described} bytes");
}

/// What a second thread remembers, and no more, however many keys there are.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_thread_remembers_what_the_table_says() {
    let both = Both::new();
    let remembered = |keys: u32| {
        let keys: Vec<Key> = (0..keys).map(|n| labelled("other", n)).collect();
        for key in &keys {
            both.counter(key).increment(1);
        }
        thread::scope(|scope| {
            let looks_up = || keys.iter().for_each(|key| both.counter(key).increment(1));
            let second = scope.spawn(move || allocation_counter::measure(looks_up).bytes_current);
            second.join().unwrap()
        })
    };
    let few = remembered(500) / 500;
    assert!((300..800).contains(&few), "{few} bytes for each of 500");
    let all = remembered(20_000);
    assert!(all < 800 * 1_024, "{all} bytes for all");
}

/// A name that is known costs so much for good, with what one thread remembers of its series.
#[test]
fn a_metric_without_series_takes_less_than_a_kilobyte() {
    const NAMES: i64 = 1_000;
    let (recorder, mut snapshotter) = Recorder::new(
        MetricsOf(MetricPolicy::default().with_idle_timeout(Some(Duration::ZERO))),
        UNIX_EPOCH,
    );
    let measured = thread::scope(|scope| {
        let recording = scope.spawn(|| {
            allocation_counter::measure(|| {
                for n in 0..1_000 {
                    let key = named(n);
                    recorder.register_counter(&key, &METADATA).increment(1);
                }
                // On this thread, whose memory it is.
                snapshotter.visit(minute(1), |_| true, |_| ());
                snapshotter.visit(minute(2), |_| true, |_| ());
            })
        });
        recording.join().unwrap()
    });
    let each = measured.bytes_current / NAMES;
    assert!(each < 1_024, "{each} bytes");
}

struct MetricsOf(MetricPolicy);

impl RecordingPolicy for MetricsOf {
    fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
        self.0.clone()
    }
}
