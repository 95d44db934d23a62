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
    /// What this thread does is not the application's, such as telling subscribers: what is timed in it is no scope, or
    /// it would never end.
    static UNCOUNTED: Cell<bool> = const { Cell::new(false) };
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
/// - What is not the application's, such as the work of the subscriber's own threads, it does in [`uncounted`].
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

/// Calls `work`, which is not the application's: what opens on this thread meanwhile is no scope of [`on_idle`]. Times and
/// counts are recorded as ever.
///
/// For exporters that publish when the application is idle. What is timed in their own work, by an HTTP client, a
/// credentials provider or a layer of `tracing`, would else let them publish again, for ever.
///
/// - A scope remembers whether it counts. One that was open before stays so, and one that `work` leaves open never counts.
/// - Nested calls are fine. A panic of `work` goes on, and the thread's scopes count again.
/// - It acts on this thread alone: threads and tasks that `work` starts need a call of their own. For a task, call it in
///   each poll.
///
/// ```
/// use metrics_timeit::{timeit, uncounted};
/// use std::future::poll_fn;
/// use std::pin::pin;
///
/// async fn publish(work: impl Future<Output = ()>) {
///     let mut work = pin!(work);
///     poll_fn(|context| uncounted(|| work.as_mut().poll(context))).await;
/// }
/// # let work = publish(async { drop(timeit!("publish")) });
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(pin!(work).poll(&mut context).is_ready());
/// ```
pub fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    let _uncounted = Uncounted::begin();
    work()
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
    // On a thread whose locals are gone neither a subscriber nor an exporter can be running.
    if UNCOUNTED.try_with(Cell::get).unwrap_or(false) {
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
    let _uncounted = Uncounted::begin();
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

/// Until it is dropped, this thread opens no scopes that count.
struct Uncounted {
    before: bool,
}

impl Uncounted {
    fn begin() -> Self {
        let before = UNCOUNTED.try_with(|uncounted| uncounted.replace(true));
        Self {
            before: before.unwrap_or(false),
        }
    }
}

impl Drop for Uncounted {
    fn drop(&mut self) {
        let _ = UNCOUNTED.try_with(|uncounted| uncounted.set(self.before));
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
