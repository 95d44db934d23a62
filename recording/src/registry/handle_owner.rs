//! Who keeps a thread's handles: a list for each thread, which other threads reach to take handles back.
//!
//! A thread's cache has weak references. The list has the strong ones, under a lock that the thread itself only tries. So
//! eviction can take a series from a thread that sleeps, but not a handle that is being used.

use super::handle_cache::HandleCache;
use super::recorded::Recorded;
use crate::aggregate::{Aggregate, Counter, Gauge, Histogram};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::thread::LocalKey;

/// A thread's own handle of a series. It fills whole cache lines of the processor: two threads must not count references
/// in one, and memory that one thread frees is often another's next.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Handle<A> {
    pub(super) registry: u64,
    pub(super) recorded: Arc<Recorded<A>>,
}

/// The handles of one thread, each at the number of its line in the cache.
pub(crate) type Owned<A> = Mutex<Vec<Option<Arc<Handle<A>>>>>;

/// A kind of aggregate, with each thread's map of its handles.
pub(crate) trait Cached: Aggregate {
    fn cache() -> &'static LocalKey<RefCell<HandleCache<Self>>>
    where
        Self: Sized;

    fn owned() -> &'static Mutex<Vec<Weak<Owned<Self>>>>
    where
        Self: Sized;
}

/// Makes a thread's list known to others, unless somebody is just there.
pub(super) fn register<A: Cached>(owned: &Arc<Owned<A>>) -> Option<()> {
    let mut all = A::owned().try_lock()?;
    if all.len() == all.capacity() {
        all.retain(|thread| thread.strong_count() > 0);
        // As many again may come before the next look, so that it costs each of them little.
        let len = all.len();
        all.reserve(len.max(16));
    }
    all.push(Arc::downgrade(owned));
    Some(())
}

/// Takes the handles of a registry that ends from all threads.
pub(super) fn invalidate_registry<A: Cached>(registry: u64) {
    invalidate::<A>(|handle| handle.registry == registry);
}

/// Takes the handles of a registry's overflow series from all threads.
pub(super) fn invalidate_overflows<A: Cached>(registry: u64) {
    invalidate::<A>(|handle| handle.registry == registry && handle.recorded.series().is_overflow);
}

/// Takes the handles of some series from all threads.
pub(super) fn invalidate_series<A: Cached>(is_one: impl Fn(&Arc<Recorded<A>>) -> bool) {
    invalidate::<A>(|handle| is_one(&handle.recorded));
}

/// A handle that is in use right now lives until it is dropped, and is found for as long.
fn invalidate<A: Cached>(is_due: impl Fn(&Handle<A>) -> bool) {
    let mut all = A::owned().lock();
    all.retain(|thread| thread.strong_count() > 0);
    let threads: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
    drop(all);
    for thread in threads {
        for line in thread.lock().iter_mut() {
            line.take_if(|handle| is_due(handle));
        }
    }
}

macro_rules! cached {
    ($($aggregate:ty),*) => {$(
        impl Cached for $aggregate {
            fn cache() -> &'static LocalKey<RefCell<HandleCache<Self>>> {
                thread_local! {
                    static CACHE: RefCell<HandleCache<$aggregate>> = const { RefCell::new(HandleCache::new()) };
                }
                &CACHE
            }

            fn owned() -> &'static Mutex<Vec<Weak<Owned<Self>>>> {
                static OWNED: Mutex<Vec<Weak<Owned<$aggregate>>>> = Mutex::new(Vec::new());
                &OWNED
            }
        }
    )*};
}

cached!(Counter, Gauge, Histogram);
