//! Threads find their series again, whoever else is there, and whatever becomes of them.

use super::series::Series;
use super::{IdleTimeout, Point, Registry};
use crate::aggregate::{Counter, Histogram};
use metrics::{Key, Label};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::UNIX_EPOCH;

mod idle;

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(Arc::default(), IdleTimeout::NEVER))
}

fn numbered(number: usize) -> Key {
    Key::from_parts("n", vec![Label::new("number", number.to_string())])
}

fn counter_of(registry: &Registry, key: &Key) -> Arc<Series<Counter>> {
    let defaults = &registry.defaults;
    registry.counters.get_or_create(key, defaults, Counter::new)
}

/// The growth of all counters, by their one label.
fn growth(registry: &Registry) -> BTreeMap<String, u64> {
    let mut growth = BTreeMap::new();
    registry.drain(UNIX_EPOCH, true, |drained| {
        if let Point::Counter(delta) = drained.point {
            let label = drained.identity.key.labels().next();
            let label = label.map_or("", Label::value).to_owned();
            assert_eq!(growth.insert(label, delta), None);
        }
    });
    growth
}

#[test]
fn registries_do_not_mix_up_their_series() {
    let key = Key::from_static_name("n");
    let registries: Vec<_> = (0..20).map(|_| registry()).collect();
    for _ in 0..3_000 {
        for (number, registry) in (1..).zip(&registries) {
            registry.counter(&key).increment(number);
            registry.gauge(&key).set(1.0);
            registry.histogram(&key).record(1.0);
        }
    }
    for (number, registry) in (1..).zip(registries) {
        assert_eq!(growth(&registry)[""], 3_000 * number);
    }
}

#[test]
fn a_thread_finds_more_series_than_it_can_keep() {
    let registry = registry();
    for round in 1..4 {
        for number in 0..10_000 {
            registry.counter(&numbered(number)).increment(round);
        }
        // Some are used all the time.
        for number in 0..10_000 {
            registry.counter(&numbered(number % 10)).increment(1);
        }
        let growth = growth(&registry);
        assert_eq!(growth.len(), 10_000);
        for (number, delta) in growth {
            let often = number.parse::<u64>().unwrap() < 10;
            assert_eq!(delta, round + if often { 1_000 } else { 0 }, "{number}");
        }
    }
}

#[test]
fn threads_come_and_go_by_the_thousand() {
    let registry = registry();
    let key = Key::from_static_name("n");
    for _ in 0..250 {
        thread::scope(|scope| {
            let records = || (0..100).for_each(|_| registry.counter(&key).increment(1));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(records)).collect();
            // The end of the scope alone does not wait for the threads' locals.
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }
    assert_eq!(growth(&registry)[""], 100_000);
    // What the threads had they gave back, once drains of other tests do not look at it: one reference here, one in
    // the list, one in the map.
    let series = counter_of(&registry, &key);
    let mut waited = 0;
    while Arc::strong_count(&series) > 3 && waited < 1_000_000 {
        thread::yield_now();
        waited += 1;
    }
    assert_eq!(Arc::strong_count(&series), 3);
}

#[test]
fn threads_go_on_in_the_lanes_of_those_that_ended() {
    let registry = registry();
    let key = Key::from_static_name("n");
    for _ in 0..1_000 {
        thread::scope(|scope| {
            let records = || (0..3_000).for_each(|_| registry.counter(&key).increment(1));
            scope.spawn(records).join().unwrap();
        });
    }
    assert_eq!(growth(&registry)[""], 3_000_000);
    let series = counter_of(&registry, &key);
    // One at a time would be enough; threads of other tests have slots, too.
    let lanes = series.aggregate.lanes();
    assert!((1..64).contains(&lanes), "{lanes}");
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
    let registry = registry();
    for _ in 0..1_000 {
        registry.counter(&one).increment(1);
        registry.counter(&other).increment(2);
    }
    let mut growth: Vec<u64> = growth(&registry).into_values().collect();
    growth.sort_unstable();
    assert_eq!(growth, [1_000, 2_000]);
}

/// Each thread records to series of its own, which have their marks beside the others', and drains: by then all that it
/// recorded was told, by whichever drain.
#[test]
fn what_is_cold_is_found_by_the_next_drain() {
    const THREADS: usize = 3;
    let registry = registry();
    let told = Mutex::new((vec![[0_u64; 2]; 100 * THREADS], 0));
    let drain = || {
        let (told, drains) = &mut *told.lock().unwrap();
        *drains += 1;
        registry.drain(UNIX_EPOCH, false, |drained| {
            let label = drained.identity.key.labels().next().unwrap();
            let [counted, samples] = &mut told[label.value().parse::<usize>().unwrap()];
            match drained.point {
                Point::Counter(delta) => *counted += delta,
                Point::Histogram(point) => *samples += point.count,
                other => panic!("{other:?}"),
            }
        });
    };
    let records = |thread: usize| {
        for n in 0..20_000 {
            let number = n % 100 * THREADS + thread;
            registry.counter(&numbered(number)).increment(1);
            registry.histogram(&numbered(number)).record(0.0);
            drain();
            let recorded = n as u64 / 100 + 1;
            assert_eq!(told.lock().unwrap().0[number], [recorded; 2], "{number}");
        }
    };
    thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || records(number));
        }
    });
    let (told, drains) = &*told.lock().unwrap();
    assert_eq!(*drains, 20_000 * THREADS);
    assert!(told.iter().all(|told| *told == [200, 200]));
}

/// What a thread had in its lane goes with it, unless another one goes on there.
#[test]
fn the_end_of_a_thread_gives_memory_back() {
    let registry = registry();
    let key = Key::from_static_name("n");
    let series = registry
        .histograms
        .get_or_create(&key, &registry.defaults, Histogram::new);
    let gives_back = |_| {
        let records = || {
            (0..30_000).for_each(|n| registry.histogram(&key).record(f64::from(n % 8_192)));
        };
        thread::scope(|scope| scope.spawn(records).join().unwrap());
        let before = series.aggregate.memory();
        registry.drain(UNIX_EPOCH, true, |_| ());
        before - series.aggregate.memory() >= 13 * 512
    };
    // Threads of other tests come and go, and may be the ones.
    assert!((0..100).any(gives_back));
}

#[test]
fn a_thread_that_sleeps_keeps_its_memory() {
    let registry = registry();
    let key = Key::from_static_name("n");
    let (sleeps, wakes) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..30_000).for_each(|n| registry.histogram(&key).record(f64::from(n % 8_192)));
            sleeps.send(()).unwrap();
            ends.into_iter().for_each(drop);
        });
        wakes.recv().unwrap();
        let series = registry
            .histograms
            .get_or_create(&key, &registry.defaults, Histogram::new);
        let before = series.aggregate.memory();
        (0..3).for_each(|_| registry.drain(UNIX_EPOCH, true, |_| ()));
        assert_eq!(series.aggregate.memory(), before);
        drop(end);
    });
}

#[test]
fn a_handle_works_on_any_thread_for_as_long_as_it_is_held() {
    let registry = registry();
    let key = Key::from_static_name("n");
    let (counter, histogram) = (registry.counter(&key), registry.histogram(&key));
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
    assert_eq!(growth(&registry)[""], 40_000);
    drop(registry);
    counter.increment(1);
    histogram.record(1.0);
}

#[test]
fn what_a_thread_records_as_it_ends_counts() {
    struct Last(Arc<Registry>);

    impl Drop for Last {
        fn drop(&mut self) {
            // By now the thread may have neither its slot nor what it knew.
            for _ in 0..10_000 {
                self.0.counter(&Key::from_static_name("n")).increment(1);
                self.0.histogram(&Key::from_static_name("n")).record(1.0);
            }
        }
    }

    thread_local! {
        static EARLY: RefCell<Option<Last>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    let registry = registry();
    for _ in 0..4 {
        let registry = Arc::clone(&registry);
        let records = move || {
            EARLY.set(Some(Last(Arc::clone(&registry))));
            for _ in 0..10_000 {
                registry.counter(&Key::from_static_name("n")).increment(1);
            }
            LATE.set(Some(Last(Arc::clone(&registry))));
        };
        thread::spawn(records).join().unwrap();
    }
    assert_eq!(growth(&registry)[""], 4 * 3 * 10_000);
}

#[test]
fn a_registry_takes_its_series_with_it() {
    let registry = registry();
    let key = Key::from_static_name("n");
    registry.counter(&key).increment(1);
    let (sleeps, wakes) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let knowing = Arc::clone(&registry);
    let thread = thread::spawn(move || {
        knowing.counter(&Key::from_static_name("n")).increment(1);
        drop(knowing);
        sleeps.send(()).unwrap();
        ends.recv().unwrap_err();
    });
    wakes.recv().unwrap();
    let series = counter_of(&registry, &key);
    let series = {
        let weak = Arc::downgrade(&series);
        drop(series);
        weak
    };
    drop(registry);
    assert_eq!(series.strong_count(), 0, "though two threads knew it");
    drop(end);
    thread.join().unwrap();
}
