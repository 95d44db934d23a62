//! Threads find their series again, whoever else is there, and whatever becomes of them.

use super::{Both, KEY, METADATA, minute, numbered};
use crate::{Event, Recorder, Value};
use metrics::{Counter, Histogram, Key, Label, Recorder as _};
use std::cell::RefCell;
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

fn counter(recorder: &Recorder) -> Counter {
    recorder.register_counter(&KEY, &METADATA)
}

fn histogram(recorder: &Recorder) -> Histogram {
    recorder.register_histogram(&KEY, &METADATA)
}

#[test]
fn registries_do_not_mix_up_their_series() {
    let mut all: Vec<_> = (0..20).map(|_| Both::new()).collect();
    for _ in 0..3_000 {
        for (number, both) in (1..).zip(&all) {
            both.counter(&KEY).increment(number);
            both.gauge(&KEY).set(1.0);
            both.histogram(&KEY).record(1.0);
        }
    }
    for (number, both) in (1..).zip(&mut all) {
        assert_eq!(both.growth()[""], 3_000 * number);
    }
}

#[test]
fn a_thread_finds_more_series_than_its_cache_holds() {
    let mut both = Both::new();
    for round in 1..4 {
        for number in 0..10_000 {
            both.counter(&numbered(number)).increment(round);
        }
        // Some are used all the time.
        for number in 0..10_000 {
            both.counter(&numbered(number % 10)).increment(1);
        }
        let growth = both.growth();
        assert_eq!(growth.len(), 10_000);
        for (number, delta) in growth {
            let often = number.parse::<u64>().unwrap() < 10;
            assert_eq!(delta, round + if often { 1_000 } else { 0 }, "{number}");
        }
    }
}

/// More threads than there are shard indexes, all alive.
#[test]
fn a_hundred_and_sixty_threads_lose_nothing() {
    const THREADS: usize = 160;
    let mut both = Both::new();
    let all_run = Barrier::new(THREADS);
    thread::scope(|scope| {
        let (recorder, all_run) = (&both.recorder, &all_run);
        for _ in 0..THREADS {
            scope.spawn(move || {
                // At full speed, so that it may earn shards while all others are there, too.
                let (counter, histogram) = (counter(recorder), histogram(recorder));
                all_run.wait();
                for n in 0..2_000 {
                    counter.increment(1);
                    histogram.record(f64::from(n % 3));
                }
                all_run.wait();
            });
        }
    });
    let records = 160 * 2_000;
    let mut found = Vec::new();
    let each = |event: Event<'_>| {
        if let Event::Point(point) = event {
            found.push(point.samples);
        }
    };
    both.snapshotter.visit(minute(1), |_| true, each);
    assert_eq!(found, [records, records]);
}

#[test]
fn threads_come_and_go_by_the_thousand() {
    let mut both = Both::new();
    for _ in 0..250 {
        thread::scope(|scope| {
            let recorder = &both.recorder;
            let records = move || (0..100).for_each(|_| counter(recorder).increment(1));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(records)).collect();
            // The end of the scope alone does not wait for the threads' locals.
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }
    assert_eq!(both.growth()[""], 100_000);
}

#[test]
fn a_thread_that_ends_loses_nothing_in_its_shards() {
    let mut both = Both::new();
    for _ in 0..100 {
        thread::scope(|scope| {
            let recorder = &both.recorder;
            let records = || {
                for _ in 0..3_000 {
                    counter(recorder).increment(1);
                    histogram(recorder).record(1.0);
                }
            };
            scope.spawn(records).join().unwrap();
        });
    }
    assert_eq!(both.events(0).values, [300_000.0, 300_000.0]);
}

/// Keys of the same hash, by how the facade makes it: it adds up what labels have, which is a name's xor a value's.
fn colliding() -> [Key; 2] {
    let key = |labels: &[(usize, usize)]| {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| Label::new(name.to_string(), value.to_string()));
        Key::from_parts("n", labels.collect::<Vec<_>>())
    };
    let hash = |label| {
        let without = key(&[]).get_hash();
        key(&[label]).get_hash().wrapping_sub(without)
    };
    let pairs_of = |count: usize| (1..count).flat_map(|one| (0..one).map(move |two| (one, two)));
    // Two names that are alike in most bits, and two values that are alike in the others.
    let names: Vec<u64> = (0..200).map(|name| hash((name, 0))).collect();
    let differ = |&(one, two): &(usize, usize)| names[one] ^ names[two];
    let (one, two) = pairs_of(names.len())
        .min_by_key(|pair| differ(pair).count_ones())
        .unwrap();
    let others = differ(&(one, two));
    let values: Vec<u64> = (0..3_000).map(|value| hash((0, value))).collect();
    let is_alike = |&(a, b): &(usize, usize)| (values[a] ^ values[b]) & others == 0;
    let (a, b) = pairs_of(values.len()).find(is_alike).unwrap();
    [key(&[(one, a), (two, b)]), key(&[(one, b), (two, a)])]
}

#[test]
fn keys_of_the_same_hash_are_told_apart() {
    let [one, other] = colliding();
    assert_eq!(one.get_hash(), other.get_hash());
    assert_ne!(one, other);
    let mut both = Both::new();
    for _ in 0..1_000 {
        both.counter(&one).increment(1);
        both.counter(&other).increment(2);
    }
    let mut values = both.events(0).values;
    values.sort_unstable_by(f64::total_cmp);
    assert_eq!(values, [1_000.0, 2_000.0]);
}

/// Each thread records to series of its own, beside those of others, and takes a snapshot: by then all that it recorded
/// was taken, by whichever snapshot.
#[test]
fn what_was_recorded_before_a_snapshot_is_taken_by_it() {
    const THREADS: usize = 3;
    const SERIES: usize = 20;
    let both = Both::new();
    let recorder = both.recorder.clone();
    let told = vec![[0_u64; 2]; SERIES * THREADS];
    let taken = Mutex::new((both, told));
    let take = || {
        let (both, told) = &mut *taken.lock().unwrap();
        both.snapshotter.visit(
            minute(0),
            |_| true,
            |event| {
                let Event::Point(point) = event else {
                    panic!("{event:?}");
                };
                let label = point.series.key().labels().next().unwrap();
                let [counted, samples] = &mut told[label.value().parse::<usize>().unwrap()];
                match point.value {
                    Value::Counter(growth) => *counted += growth,
                    Value::Histogram(buckets) => *samples += buckets.count(),
                    Value::Gauge { .. } => panic!("{point:?}"),
                }
            },
        );
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (recorder, taken) = (&recorder, &taken);
            scope.spawn(move || {
                for n in 0..10_000 {
                    let number = n % SERIES * THREADS + thread;
                    let key = numbered(number);
                    recorder.register_counter(&key, &METADATA).increment(1);
                    recorder.register_histogram(&key, &METADATA).record(0.0);
                    take();
                    let expected = (n / SERIES) as u64 + 1;
                    assert_eq!(taken.lock().unwrap().1[number], [expected; 2], "{number}");
                }
            });
        }
    });
}

#[test]
fn a_handle_works_on_any_thread_for_as_long_as_it_is_held() {
    let mut both = Both::new();
    let (counter, histogram) = (both.counter(&KEY), both.histogram(&KEY));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    counter.increment(1);
                    histogram.record(2.0);
                }
            });
        }
    });
    assert_eq!(both.events(0).values, [40_000.0, 40_000.0]);
    let mut snapshotter = both.snapshotter;
    drop(both.recorder);
    counter.increment(1);
    histogram.record(1.0);
    let mut points = 0;
    snapshotter.visit(minute(1), |_| true, |_| points += 1);
    assert_eq!(points, 2, "though the recorder is gone");
    drop(snapshotter);
    counter.increment(1);
    histogram.record(1.0);
}

#[test]
fn what_a_thread_records_as_it_ends_counts() {
    struct Last(Recorder);

    impl Drop for Last {
        fn drop(&mut self) {
            // By now the thread may have neither its shard index nor its cache.
            for _ in 0..10_000 {
                counter(&self.0).increment(1);
                histogram(&self.0).record(1.0);
            }
        }
    }

    thread_local! {
        static EARLY: RefCell<Option<Last>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    let mut both = Both::new();
    for _ in 0..4 {
        let recorder = both.recorder.clone();
        let records = move || {
            EARLY.set(Some(Last(recorder.clone())));
            for _ in 0..10_000 {
                counter(&recorder).increment(1);
            }
            LATE.set(Some(Last(recorder)));
        };
        thread::spawn(records).join().unwrap();
    }
    let all = 4.0 * 10_000.0;
    assert_eq!(both.events(0).values, [3.0 * all, 2.0 * all]);
}

/// A series goes with its registry, though a thread that sleeps has it in its cache.
#[test]
fn a_registry_takes_its_series_with_it() {
    let mut both = Both::new();
    let (sleeps, wakes) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let recorder = both.recorder.clone();
    let thread = thread::spawn(move || {
        counter(&recorder).increment(1);
        drop(recorder);
        sleeps.send(()).unwrap();
        ends.recv().unwrap_err();
    });
    wakes.recv().unwrap();
    both.counter(&KEY).increment(1);
    let mut series = None;
    both.snapshotter.visit(
        minute(0),
        |_| true,
        |event| {
            if let Event::Point(point) = event {
                series = Some(std::sync::Arc::downgrade(point.series));
            }
        },
    );
    drop(both);
    assert_eq!(
        series.unwrap().strong_count(),
        0,
        "though two threads knew it"
    );
    drop(end);
    thread.join().unwrap();
}

#[test]
fn labels_in_any_order_are_one_series() {
    let mut both = Both::new();
    let labels = [("a", "1"), ("b", "2"), ("c", "3")].map(|(name, value)| Label::new(name, value));
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let labels = order.map(|place: usize| labels[place].clone());
        both.counter(&Key::from_parts("n", labels.to_vec()))
            .increment(1);
    }
    assert_eq!(both.events(0).values, [3.0]);
}
