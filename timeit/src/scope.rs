//! The scopes that are open in the process, and who wants to know when the last one closes.
//!
//! A scope is counted from its start to its end or not at all: it remembers which. So whoever subscribes
//! while scopes are open disturbs no count, and without subscribers a scope costs one relaxed load.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Replaced as a whole, so that whoever tells them takes the list by its count alone.
static SUBSCRIBERS: Mutex<Option<Subscribers>> = Mutex::new(None);

/// How many `SUBSCRIBERS` there are, for a look without the lock.
static SUBSCRIBED: AtomicUsize = AtomicUsize::new(0);

/// Counted scopes that are open.
static OPEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// This thread is telling subscribers: what they time is no scope, or it would never end.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

type Subscribers = Arc<[Arc<Subscriber>]>;

struct Subscriber {
    active: AtomicBool,
    idle: Box<dyn Fn() + Send + Sync>,
}

/// Calls `idle` whenever the last open scope of the process closes, until the [`Subscription`] is dropped.
///
/// A scope is open while a [`Timer`](crate::Timer) lives or a function with
/// [`#[timeit]`](crate::attr::timeit) or [`#[count]`](crate::attr::count) runs; of an async function, from its
/// first poll until it is complete or dropped. Nested and concurrent scopes count, on all threads. What the last
/// scope has to record is recorded before the call.
///
/// - `idle` runs on the thread that closed the last scope, before that goes on: let it send a signal and
///   return. No lock is held. A panic in it goes no further, and what it times itself opens no scope.
/// - Several may subscribe. Each is called once whenever the last scope closes; if scopes open and close on
///   several threads at the same time, calls may overlap.
/// - Scopes that were open before the first subscriber came are not waited for. Without
///   subscribers nothing is counted, and a scope costs one relaxed load.
/// - While one scope is open the process is not idle. So `#[timeit]` on `main`, or on an async function that never
///   ends, keeps `idle` from being called, and a guard or a future that is leaked, as by [`std::mem::forget`], while
///   there is a subscriber does so for ever. An exporter should therefore not rely on this alone, but publish in
///   intervals too.
///
/// ```
/// use metrics_timeit::{on_idle, timeit};
/// use std::sync::mpsc;
///
/// let (flush, flushes) = mpsc::sync_channel(1);
/// let subscription = on_idle(move || {
///     // If a flush is wanted already, one is enough.
///     let _ = flush.try_send(());
/// });
/// {
///     let _outer = timeit!("outer");
///     let _inner = timeit!("inner");
/// }
/// assert!(flushes.try_recv().is_ok());
/// assert!(flushes.try_recv().is_err());
/// drop(subscription);
/// ```
pub fn on_idle(idle: impl Fn() + Send + Sync + 'static) -> Subscription {
    let subscriber = Arc::new(Subscriber {
        active: AtomicBool::new(true),
        idle: Box::new(idle),
    });
    change(|subscribers| subscribers.push(Arc::clone(&subscriber)));
    Subscription(subscriber)
}

/// Keeps what was given to [`on_idle`] subscribed, until it is dropped.
///
/// Bind it to a name: `let _ = on_idle(..)` unsubscribes at once. No call begins after the drop; one
/// that another thread has begun may still be running.
#[must_use = "dropping it unsubscribes; `let _ =` drops at once"]
pub struct Subscription(Arc<Subscriber>);

impl Drop for Subscription {
    fn drop(&mut self) {
        self.0.active.store(false, Ordering::Release);
        change(|subscribers| subscribers.retain(|other| !Arc::ptr_eq(other, &self.0)));
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Subscription")
            .finish_non_exhaustive()
    }
}

/// Something that is being timed or counted.
#[derive(Debug)]
#[must_use]
pub(crate) struct Scope {
    is_counted: bool,
}

impl Scope {
    #[inline]
    pub(crate) fn open() -> Self {
        Self {
            is_counted: SUBSCRIBED.load(Ordering::Relaxed) > 0 && count(),
        }
    }
}

#[cold]
fn count() -> bool {
    // On a thread whose locals are gone no subscriber can be running.
    if TELLING.try_with(Cell::get).unwrap_or(false) {
        return false;
    }
    OPEN.fetch_add(1, Ordering::Relaxed);
    true
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        if self.is_counted {
            close();
        }
    }
}

#[cold]
fn close() {
    // Whoever closes the last scope has seen what the others recorded.
    if OPEN.fetch_sub(1, Ordering::AcqRel) == 1 {
        tell();
    }
}

fn tell() {
    let Some(subscribers) = lock().clone() else {
        return;
    };
    let _telling = Telling::begin();
    for subscriber in subscribers.iter() {
        if subscriber.active.load(Ordering::Acquire) {
            // A scope may close while its thread unwinds, and then a second panic would end the process.
            let _ = catch_unwind(AssertUnwindSafe(&subscriber.idle));
        }
    }
    // The last owner of a closure may be this list: it goes before this thread opens scopes again, and what
    // the closure owns may panic, too.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(subscribers)));
}

/// Until it is dropped, this thread is telling.
struct Telling {
    was_telling: bool,
}

impl Telling {
    fn begin() -> Self {
        let was_telling = TELLING.try_with(|telling| telling.replace(true));
        Self {
            was_telling: was_telling.unwrap_or(false),
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let _ = TELLING.try_with(|telling| telling.set(self.was_telling));
    }
}

/// Puts a changed list in the place of the one that is there.
fn change(change: impl FnOnce(&mut Vec<Arc<Subscriber>>)) {
    let mut current = lock();
    let mut subscribers = current.as_deref().map(<[_]>::to_vec).unwrap_or_default();
    change(&mut subscribers);
    SUBSCRIBED.store(subscribers.len(), Ordering::Relaxed);
    // A closure is the user's code: its last owner is never this list, but the subscription, or who is telling.
    *current = (!subscribers.is_empty()).then(|| subscribers.into());
}

fn lock() -> MutexGuard<'static, Option<Subscribers>> {
    // Nothing panics under it, and a list of subscribers cannot be half changed.
    SUBSCRIBERS.lock().unwrap_or_else(PoisonError::into_inner)
}
