//! What is called when the last scope closes. Scopes are the process's, so these tests take turns.

mod recorded;

use metrics_timeit::attr::{self, count};
use metrics_timeit::{Subscription, Timer, on_idle, timeit, uncounted};
use recorded::{block_on, panics, poll, recorded, turn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

static TURN: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts how often the process fell idle.
struct Idle {
    calls: Arc<AtomicUsize>,
    _subscription: Subscription,
}

impl Idle {
    fn watch() -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let subscription = on_idle(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        Self {
            calls,
            _subscription: subscription,
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[attr::timeit("outer.duration")]
#[count("outer.calls")]
#[count("outer.items", by = 5)]
fn outer() {
    inner();
}

#[attr::timeit("inner.duration")]
#[count("inner.calls")]
#[count("inner.items", by = 7)]
fn inner() {}

#[test]
fn a_timer_on_a_held_histogram_is_a_scope() {
    let _alone = alone();
    let idle = Idle::watch();
    let histogram = metrics::Histogram::noop();
    let timer = Timer::start(&histogram);
    outer();
    assert_eq!(idle.calls(), 0);
    drop(timer);
    assert_eq!(idle.calls(), 1);
}

/// Two functions, six values, one publication after the outermost.
#[test]
fn nested_functions_fall_idle_once() {
    let _alone = alone();
    let at_idle = Arc::new(Mutex::new(Vec::new()));
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let seen = Arc::clone(&at_idle);
    let subscription = on_idle(move || seen.lock().unwrap().push(recorded::read(&snapshotter)));
    metrics::with_local_recorder(&recorder, outer);
    drop(subscription);

    let at_idle = at_idle.lock().unwrap();
    let [once] = at_idle.as_slice() else {
        panic!("{} calls", at_idle.len());
    };
    assert_eq!(
        once.samples(),
        [("inner.duration", 1), ("outer.duration", 1)]
    );
    assert_eq!(
        once.counts(),
        [
            ("inner.calls", 1),
            ("inner.items", 7),
            ("outer.calls", 1),
            ("outer.items", 5)
        ]
    );
}

#[test]
fn every_end_closes_a_scope() {
    let _alone = alone();
    let idle = Idle::watch();
    timeit!("api").discard();
    assert_eq!(idle.calls(), 1);
    timeit!("api").stop();
    assert_eq!(idle.calls(), 2);
    drop(timeit!("api").with_label("key", "value"));
    assert_eq!(idle.calls(), 3);
    assert!(panics(|| {
        let _timer = timeit!("api");
        panic!("as asked");
    }));
    assert_eq!(idle.calls(), 4);
}

#[test]
fn scopes_of_all_threads_count() {
    let _alone = alone();
    let idle = Idle::watch();
    let outer = timeit!("outer");
    let (opened, wait) = mpsc::channel();
    let (close, closing) = mpsc::channel();
    let other = thread::spawn(move || {
        let timer = timeit!("other");
        opened.send(()).unwrap();
        closing.recv().unwrap();
        drop(timer);
    });
    wait.recv().unwrap();
    drop(outer);
    assert_eq!(idle.calls(), 0);
    close.send(()).unwrap();
    other.join().unwrap();
    assert_eq!(idle.calls(), 1);
}

#[test]
fn a_subscriber_amid_open_scopes_disturbs_no_count() {
    let _alone = alone();
    let before = timeit!("before");
    let idle = Idle::watch();
    drop(timeit!("after"));
    assert_eq!(idle.calls(), 1);
    let after = timeit!("after");
    drop(before);
    assert_eq!(idle.calls(), 1);
    drop(after);
    assert_eq!(idle.calls(), 2);
    // Counted, and closed when nobody is there.
    let counted = timeit!("counted");
    drop(idle);
    drop(counted);
    let idle = Idle::watch();
    drop(timeit!("api"));
    assert_eq!(idle.calls(), 1);
}

#[test]
fn each_subscriber_until_it_leaves() {
    let _alone = alone();
    let (one, other) = (Idle::watch(), Idle::watch());
    drop(timeit!("api"));
    let left = Arc::clone(&one.calls);
    drop(one);
    drop(timeit!("api"));
    assert_eq!((left.load(Ordering::Relaxed), other.calls()), (1, 2));
}

#[test]
fn a_subscriber_may_time_subscribe_leave_and_panic() {
    let _alone = alone();
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let slot = Arc::clone(&own);
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let subscription = on_idle(move || {
        let _timer = timeit!("within");
        counter.fetch_add(1, Ordering::Relaxed);
        drop(on_idle(|| {}));
        drop(slot.lock().unwrap().take());
        panic!("as asked");
    });
    *own.lock().unwrap() = Some(subscription);
    drop(timeit!("api"));
    drop(timeit!("api"));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// What it owns panics when it goes, and it goes with the subscription that it gives up itself.
#[test]
fn a_subscriber_may_panic_in_its_own_drop() {
    struct Bomb(Arc<AtomicUsize>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("as asked");
        }
    }
    let _alone = alone();
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let slot = Arc::clone(&own);
    let dropped = Arc::new(AtomicUsize::new(0));
    let bomb = Bomb(Arc::clone(&dropped));
    let subscription = on_idle(move || {
        let _owned = &bomb;
        drop(slot.lock().unwrap().take());
    });
    *own.lock().unwrap() = Some(subscription);
    drop(timeit!("api"));
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    // This thread still opens scopes.
    let idle = Idle::watch();
    drop(timeit!("api"));
    assert_eq!(idle.calls(), 1);
}

#[test]
fn many_threads_open_and_close_scopes() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 20_000;
    let run = || {
        let together = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    together.wait();
                    for _ in 0..ROUNDS {
                        let _outer = timeit!("outer");
                        inner();
                    }
                });
            }
        });
    };
    let _alone = alone();
    let idle = Idle::watch();
    let outermost = timeit!("outermost");
    run();
    assert_eq!(idle.calls(), 0);
    drop(outermost);
    assert_eq!(idle.calls(), 1);
    run();
    let calls = idle.calls();
    assert!((2..=1 + THREADS * ROUNDS).contains(&calls), "{calls}");
    // None is left open, and none was closed twice.
    let again = timeit!("again");
    drop(timeit!("within"));
    assert_eq!(idle.calls(), calls);
    drop(again);
    assert_eq!(idle.calls(), calls + 1);
}

#[test]
fn an_async_scope_lasts_from_its_first_poll() {
    #[attr::timeit("waiting")]
    async fn waiting() {
        turn().await;
        turn().await;
    }
    let _alone = alone();
    let idle = Idle::watch();
    let recorded = recorded(|| {
        drop(waiting());
        assert_eq!(idle.calls(), 0);
        block_on(async {
            let mut future = Box::pin(waiting());
            assert!(poll(future.as_mut()).is_none());
            drop(timeit!("meanwhile"));
            assert_eq!(idle.calls(), 0);
            drop(future);
            assert_eq!(idle.calls(), 1);
        });
    });
    assert_eq!(recorded.samples(), [("meanwhile", 1), ("waiting", 1)]);
}

#[test]
fn what_an_exporter_times_is_no_scope() {
    let _turn = alone();
    let idle = Idle::watch();
    let left_open = uncounted(|| {
        uncounted(|| drop(timeit!("nested")));
        outer();
        timeit!("left open")
    });
    drop(left_open);
    assert_eq!(idle.calls(), 0);
    let open = timeit!("open");
    uncounted(|| drop(open));
    assert_eq!(idle.calls(), 1, "it was the application's");
    let panicked = panics(|| uncounted(|| panic!("on purpose")));
    assert!(panicked);
    outer();
    assert_eq!(idle.calls(), 2);
    uncounted(|| thread::scope(|scope| scope.spawn(outer).join().unwrap()));
    assert_eq!(idle.calls(), 3, "another thread is not meant");
}
