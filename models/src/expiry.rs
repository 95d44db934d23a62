//! Expiry: a series is forgotten under threads that look it up and record to it.

use crate::aggregate::Counter;
use crate::explore;
use crate::forget::forget;
use crate::thread::{SHARING, mark};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// As the registry has it: by key, and new ones on their way to the drain.
struct Known {
    counter: Mutex<Option<Arc<Counter>>>,
    arrivals: Mutex<Vec<Arc<Counter>>>,
}

impl Known {
    fn look_up(&self) -> Arc<Counter> {
        let mut counter = self.counter.lock().unwrap();
        let counter = counter.get_or_insert_with(|| {
            let new = Arc::new(Counter::new(mark()));
            self.arrivals.lock().unwrap().push(Arc::clone(&new));
            new
        });
        Arc::clone(counter)
    }
}

/// One thread looks a counter up twice, and records, while another finds it idle and forgets it.
pub fn nothing_goes_with_a_series() {
    explore(3, || {
        let counter = Arc::new(Counter::new(mark()));
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
        let (mut all, mut told) = (vec![counter], 0);
        for _ in 0..2 {
            all.append(&mut known.arrivals.lock().unwrap());
            all.retain_mut(|counter| {
                let growth = counter.drain();
                told += growth;
                growth > 0 || !is_forgotten(&known, counter, &mut told)
            });
        }
        recording.join().unwrap();
        all.append(&mut known.arrivals.lock().unwrap());
        told += all.iter().map(|counter| counter.drain()).sum::<u64>();
        assert_eq!(told, 3);
    });
}

fn is_forgotten(known: &Known, counter: &mut Arc<Counter>, told: &mut u64) -> bool {
    let mut by_key = known.counter.lock().unwrap();
    let is_idle = |counter: &Counter| {
        let growth = counter.drain();
        *told += growth;
        growth == 0
    };
    let is_forgotten = forget(counter, || *by_key = None, is_idle);
    if !is_forgotten {
        *by_key = Some(Arc::clone(counter));
    }
    is_forgotten
}
