//! Counters: what is drained adds up to what was recorded.

use crate::aggregate::Counter;
use crate::explore;
use crate::thread::{SHARING, mark};
use loom::sync::Arc;
use loom::thread;

/// Two threads increment while a third drains.
pub fn increments_are_drained_once() {
    explore(4, || {
        let counter = Arc::new(Counter::new(mark()));
        let recorders = [1, 2].map(|amount| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.increment(&SHARING, amount))
        });
        let mut drained = counter.drain() + counter.drain();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        drained += counter.drain();
        assert_eq!(drained, 3);
        assert_eq!(counter.drain(), 0);
    });
}

/// Two threads set absolute totals while a third drains.
pub fn absolute_totals_are_published_once() {
    explore(4, || {
        let counter = Arc::new(Counter::new(mark()));
        let recorders = [7, 4].map(|total| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.absolute(total))
        });
        let first = counter.drain();
        let second = counter.drain();
        for recorder in recorders {
            recorder.join().unwrap();
        }
        assert_eq!(first + second + counter.drain(), 7);
    });
}
