//! What is handed from thread to thread: shards, whose owner ends, and a series that is evicted.

use super::explore;
use crate::aggregate::fixtures::{SHARING, TestThread, take_with_refused};
use crate::aggregate::shard_index::ShardIndexes;
use crate::aggregate::{Aggregate, Counter, Histogram};
use crate::last_look::is_over;
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Two threads that may have the same index, one after the other, while a third takes.
#[test]
fn a_shard_goes_on_with_the_next_thread() {
    explore(2, || {
        let shared = Arc::new((Counter::new(), ShardIndexes::new()));
        let recorders = [1, 4].map(|amount| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (counter, indexes) = &*shared;
                let thread = TestThread::start(indexes);
                (0..2).for_each(|_| counter.increment(&thread, amount));
                thread.end(indexes);
            })
        });
        let taken = shared.0.take_growth();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        assert_eq!(taken + shared.0.take_growth(), 10);
    });
}

/// Two threads that may have the same index go on in one ring, while a third takes, and frees what ended threads had.
#[test]
fn a_ring_goes_on_with_the_next_thread() {
    explore(2, || {
        let shared = Arc::new((Histogram::new(), ShardIndexes::new()));
        let record = |shared: &(Histogram, ShardIndexes)| {
            let thread = TestThread::start(&shared.1);
            (0..2).for_each(|_| shared.0.record(&thread, 1.0));
            thread.end(&shared.1);
        };
        record(&shared);
        let recorders = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || record(&shared))
        });
        let take = || take_with_refused(&shared.0, shared.1.free()).0.count();
        let mut count = take();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        count += take();
        assert_eq!(count, 6);
    });
}

/// As the registry has it: by key, and new ones on their way to the snapshotter.
struct Known {
    counter: Mutex<Option<Arc<Counter>>>,
    arrivals: Mutex<Vec<Arc<Counter>>>,
}

impl Known {
    fn look_up(&self) -> Arc<Counter> {
        let mut counter = self.counter.lock().unwrap();
        let counter = counter.get_or_insert_with(|| {
            let new = Arc::new(Counter::new());
            self.arrivals.lock().unwrap().push(Arc::clone(&new));
            new
        });
        Arc::clone(counter)
    }

    /// Takes it out of the map, and puts it back unless it is over.
    fn evict(&self, counter: &mut Arc<Counter>, taken: &mut u64) -> bool {
        let mut by_key = self.counter.lock().unwrap();
        *by_key = None;
        let is_over = is_over(counter, |counter| {
            let growth = counter.take_growth();
            *taken += growth;
            growth == 0
        });
        if !is_over {
            *by_key = Some(Arc::clone(counter));
        }
        is_over
    }
}

/// One thread looks a counter up twice, and records, while another finds it idle and evicts it.
#[test]
fn nothing_goes_with_a_series() {
    explore(3, || {
        let counter = Arc::new(Counter::new());
        let known = Arc::new(Known {
            counter: Mutex::new(Some(Arc::clone(&counter))),
            arrivals: Mutex::default(),
        });
        let recording = Arc::clone(&known);
        let recording = thread::spawn(move || {
            for amount in [1, 2] {
                recording.look_up().increment(&SHARING, amount);
            }
        });
        let (mut all, mut taken) = (vec![counter], 0);
        for _ in 0..2 {
            all.append(&mut known.arrivals.lock().unwrap());
            all.retain_mut(|counter| {
                let growth = counter.take_growth();
                taken += growth;
                growth > 0 || !known.evict(counter, &mut taken)
            });
        }
        recording.join().unwrap();
        all.append(&mut known.arrivals.lock().unwrap());
        taken += all.iter().map(|counter| counter.take_growth()).sum::<u64>();
        assert_eq!(taken, 3);
    });
}
