//! A thread's map from key to handle: a handle is found without a lock, and no two threads count the same references.
//!
//! The cache has weak references. A list has the strong ones. Other threads reach the list, under a lock that the cache's
//! own thread only tries. So eviction can take a series from a thread that sleeps, but not a handle that is being used.

use super::recorded::Recorded;
use crate::aggregate::{Aggregate, Counter, Gauge, Histogram};
use metrics::{Key, Label};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::ptr;
use std::sync::{Arc, Weak};
use std::thread::LocalKey;

/// A key may be in one of so many lines, one beside the other.
const WAYS: usize = 4;
const FIRST_SETS: usize = 16;
/// A thread's cache has room for some 1,024 series of a kind. More series are looked up in the registry. There are twice
/// as many lines, so that few keys find their set full.
const MAX_SETS: usize = 512;
/// A full set makes the cache grow, if one line of so many is used.
const SPARSE: usize = 8;
/// In a full cache, one of so many keys that are not there takes another key's line. So a walk over more keys than the
/// cache holds does not throw out what is used all the time.
const ADMITTED: usize = 8;

/// A thread's own handle of a series. It fills whole cache lines of the processor: two threads must not count references
/// in one, and memory that one thread frees is often another's next.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Handle<A> {
    registry: u64,
    pub(super) recorded: Arc<Recorded<A>>,
}

/// A kind of aggregate, with each thread's map of its handles.
pub(crate) trait Cached: Aggregate {
    fn cache() -> &'static LocalKey<RefCell<HandleCache<Self>>>
    where
        Self: Sized;

    fn owned() -> &'static Mutex<Vec<Weak<Owned<Self>>>>
    where
        Self: Sized;
}

#[derive(Debug)]
pub(crate) struct HandleCache<A> {
    /// The sets, one after the other; a power of two of them.
    lines: Vec<Option<Line<A>>>,
    /// What a hash is shifted by, to be the number of a set.
    shift: u32,
    used: usize,
    misses: usize,
    owned: Option<Arc<Owned<A>>>,
}

/// The handles of one thread, each at the number of its line in the cache.
type Owned<A> = Mutex<Vec<Option<Arc<Handle<A>>>>>;

#[derive(Debug)]
struct Line<A> {
    registry: u64,
    key: Key,
    /// Where the key's texts are, as to ask the key takes a call each.
    name: *const str,
    labels: *const [Label],
    handle: Weak<Handle<A>>,
}

/// The calling thread's handle of a series, if it has one.
#[inline]
pub(super) fn find<A: Cached>(registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
    // Borrowed already: an allocator that records what it does. Without locals: the thread ends.
    let found = A::cache().try_with(|cache| cache.try_borrow().ok()?.find(registry, key));
    found.ok()?
}

/// Gives the calling thread a handle, if there is room for it.
#[cold]
#[inline(never)]
pub(super) fn insert<A: Cached>(
    registry: u64,
    key: &Key,
    recorded: &Arc<Recorded<A>>,
) -> Option<Arc<Handle<A>>> {
    let inserted =
        A::cache().try_with(|cache| cache.try_borrow_mut().ok()?.insert(registry, key, recorded));
    inserted.ok()?
}

/// Takes the handles of a registry that ends from all threads.
pub(super) fn invalidate_registry<A: Cached>(registry: u64) {
    invalidate::<A>(|handle| handle.registry == registry);
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

impl<A: Cached> HandleCache<A> {
    const fn new() -> Self {
        Self {
            lines: Vec::new(),
            // Any that a number can be shifted by, as there are no sets.
            shift: 63,
            used: 0,
            misses: 0,
            owned: None,
        }
    }

    #[inline]
    fn find(&self, registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
        let set = self.set_of(registry, key);
        self.lines
            .get(set..set + WAYS)?
            .iter()
            .flatten()
            .find(|line| line.is_for(registry, key))?
            .handle
            .upgrade()
    }

    /// The first line of the set that a key belongs to.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "2,048 at most")]
    fn set_of(&self, registry: u64, key: &Key) -> usize {
        // By the top bits of a product (Fibonacci hashing): a key's hash is not meant to be good in any.
        let hash = (key.get_hash() ^ registry).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> self.shift) as usize * WAYS
    }

    fn insert(
        &mut self,
        registry: u64,
        key: &Key,
        recorded: &Arc<Recorded<A>>,
    ) -> Option<Arc<Handle<A>>> {
        if self.owned.is_none() {
            self.register()?;
        }
        let line = self.line_for(registry, key)?;
        let handle = Arc::new(Handle {
            registry,
            recorded: Arc::clone(recorded),
        });
        // A snapshot may be looking through them; it is never waited for.
        let mut owned = self.owned.as_ref()?.try_lock()?;
        owned[line] = Some(Arc::clone(&handle));
        drop(owned);
        self.used += usize::from(self.lines[line].is_none());
        let key = key_to_keep(key, recorded.series().key());
        self.lines[line] = Some(Line {
            registry,
            name: key.name(),
            labels: key.labels().as_slice(),
            key,
            handle: Arc::downgrade(&handle),
        });
        Some(handle)
    }

    /// As many sets, which are empty; returns the lines that were.
    fn resize(&mut self, sets: usize) -> Vec<Option<Line<A>>> {
        self.shift = u64::BITS - sets.ilog2();
        std::mem::replace(&mut self.lines, empty(sets * WAYS))
    }

    /// Makes the thread's list known to others, unless somebody is just there.
    fn register(&mut self) -> Option<()> {
        let mut all = A::owned().try_lock()?;
        self.resize(FIRST_SETS);
        let owned = Arc::new(Mutex::new(empty(FIRST_SETS * WAYS)));
        if all.len() == all.capacity() {
            all.retain(|thread| thread.strong_count() > 0);
            // As many again may come before the next look, so that it costs each of them little.
            let len = all.len();
            all.reserve(len.max(16));
        }
        all.push(Arc::downgrade(&owned));
        self.owned = Some(owned);
        Some(())
    }

    /// Where a new one goes, if there is room.
    fn line_for(&mut self, registry: u64, key: &Key) -> Option<usize> {
        let set = self.set_of(registry, key);
        let ways = || self.lines[set..set + WAYS].iter().enumerate();
        let is_own = |line: &Line<A>| line.is_for(registry, key);
        let is_free = |line: &Line<A>| line.handle.strong_count() == 0;
        let fits = ways()
            .find(|(_, line)| line.as_ref().is_some_and(is_own))
            .or_else(|| ways().find(|(_, line)| line.as_ref().is_none_or(is_free)));
        if let Some((way, _)) = fits {
            return Some(set + way);
        }
        if self.used * SPARSE >= self.lines.len() && self.lines.len() < MAX_SETS * WAYS {
            self.grow()?;
            return self.line_for(registry, key);
        }
        self.misses += 1;
        let is_admitted = self.misses.is_multiple_of(ADMITTED);
        is_admitted.then_some(set + self.misses / ADMITTED % WAYS)
    }

    /// Twice as many sets; each of the former is divided between two.
    fn grow(&mut self) -> Option<()> {
        let all = Arc::clone(self.owned.as_ref()?);
        let mut owned = all.try_lock()?;
        let twice = self.lines.len() * 2;
        let lines = self.resize(twice / WAYS);
        let handles = std::mem::replace(&mut *owned, empty(twice));
        self.used = 0;
        for (line, handle) in lines.into_iter().zip(handles) {
            let (Some(line), Some(handle)) = (line, handle) else {
                continue;
            };
            let set = self.set_of(line.registry, &line.key);
            let free = (set..set + WAYS).find(|&free| self.lines[free].is_none())?;
            self.lines[free] = Some(line);
            owned[free] = Some(handle);
            self.used += 1;
        }
        Some(())
    }
}

impl<A> Line<A> {
    /// Quick where all is static in both, as most is; else by the facade's own comparison, in one call.
    #[inline]
    fn is_for(&self, registry: u64, key: &Key) -> bool {
        self.registry == registry
            && self.key.get_hash() == key.get_hash()
            && (ptr::eq(self.labels, key.labels().as_slice()) && ptr::eq(self.name, key.name())
                || are_equal(&self.key, key, self.labels.len()))
    }
}

/// The facade's own comparison sorts copies of more labels than two, as their order is of no matter.
// Apart, so that the quick way needs no stack.
#[inline(never)]
fn are_equal(one: &Key, other: &Key, labels: usize) -> bool {
    let are_in_order = || one.labels().eq(other.labels()) && one.name() == other.name();
    labels > 2 && are_in_order() || one == other
}

/// A key that has its texts elsewhere: the series' own, if it is the same and has memory of its own anyway. A static key
/// stays as it is, as it is compared by where its texts are.
fn key_to_keep(key: &Key, of_series: &Key) -> Key {
    let retained = key.to_retained();
    let is_static = ptr::eq(retained.labels().as_slice(), key.labels().as_slice());
    if !is_static && are_equal(of_series, key, key.labels().len()) {
        return of_series.clone();
    }
    retained
}

fn empty<T>(len: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(len).collect()
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
