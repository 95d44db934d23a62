//! Counters: what is taken adds up to what was recorded.

use super::explore;
use crate::aggregate::fixtures::{SHARING, TestThread};
use crate::aggregate::shard_index::ShardIndexes;
use crate::aggregate::{Aggregate, Counter};
use loom::sync::Arc;
use loom::thread;

/// As a snapshot does.
fn take(counter: &Counter) -> u64 {
    if counter.may_have_changed() {
        counter.take_growth()
    } else {
        0
    }
}

/// Two threads increment while a third takes.
#[test]
fn increments_are_taken_once() {
    explore(3, || {
        let counter = Arc::new(Counter::new());
        let recorders = [1, 2].map(|amount| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.increment(&SHARING, amount))
        });
        let mut taken = take(&counter) + take(&counter);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        taken += take(&counter);
        assert_eq!(taken, 3);
        assert_eq!(take(&counter), 0);
    });
}

/// Two threads set absolute totals while a third takes.
#[test]
fn absolute_totals_are_taken_once() {
    explore(3, || {
        let counter = Arc::new(Counter::new());
        let recorders = [7, 4].map(|total| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.absolute(total))
        });
        let taken = take(&counter) + take(&counter);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        assert_eq!(taken + take(&counter), 7);
    });
}

/// Two threads record, first to what is shared, then in their shards, while a third takes.
#[test]
fn a_counter_is_promoted() {
    explore(2, || {
        let counter = Arc::new(Counter::new());
        let indexes = ShardIndexes::new();
        let recorders = [1, 4].map(|amount| {
            let (counter, thread) = (Arc::clone(&counter), TestThread::start(&indexes));
            thread::spawn(move || (0..3).for_each(|_| counter.increment(&thread, amount)))
        });
        let mut taken = take(&counter);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        taken += take(&counter);
        assert_eq!(taken, 15);
        assert_eq!(take(&counter), 0);
    });
}

/// A total is lifted while another thread increments in its shard: it counts as if one came first.
#[test]
fn a_total_is_lifted_beside_a_shard() {
    explore(3, || {
        let counter = Arc::new(Counter::new());
        let thread = TestThread::start(&ShardIndexes::new());
        // The first opens the shard, the second is in it.
        counter.increment(&thread, 1);
        counter.increment(&thread, 1);
        let lifting = Arc::clone(&counter);
        let lifting = thread::spawn(move || lifting.absolute(7));
        counter.increment(&thread, 1);
        let taken = take(&counter);
        lifting.join().unwrap();
        let total = taken + take(&counter);
        assert!(total == 7 || total == 8, "{total}");
    });
}
