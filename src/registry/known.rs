//! What a thread has looked up before: key → a handle of its own, found without a lock.
//!
//! A map keeps weak references; the strong ones are in a list that drains can reach, too. So a drain can
//! take a series back from threads that sleep, while one that is just being used cannot be taken.

use super::handle::Handle;
use super::series::Series;
use crate::aggregate::{Counter, Gauge, Histogram};
use metrics::{Key, Label};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::ptr;
use std::sync::{Arc, Weak};
use std::thread::LocalKey;

/// A key has so many places where it may be, one beside the other.
const WAYS: usize = 4;
const FIRST_SETS: usize = 16;
/// A thread's map has room for some 1,024 series of a kind. More than that go through the registry. There are twice as
/// many places, so that few of them find their set full.
const MAX_SETS: usize = 512;
/// As long as the map is not less full than this, a full set makes it grow.
const SPARSE: usize = 8;
/// In a full map, of so many that are not there one takes another's place: so that a walk over more
/// than it can hold does not throw out what is used all the time.
const ADMITTED: usize = 8;

/// A kind of aggregate, with each thread's map of its series.
pub(crate) trait Kept: Sized + 'static {
    fn map() -> &'static LocalKey<RefCell<Map<Self>>>;
    fn owned() -> &'static Mutex<Vec<Weak<Owned<Self>>>>;
}

#[derive(Debug)]
pub(crate) struct Map<A> {
    /// A power of two of sets of places.
    places: Vec<Option<Place<A>>>,
    used: usize,
    missed: usize,
    owned: Option<Arc<Owned<A>>>,
}

/// The handles of one thread, each at the number of its place in the map.
type Owned<A> = Mutex<Vec<Option<Arc<Handle<A>>>>>;

#[derive(Debug)]
struct Place<A> {
    registry: u64,
    key: Key,
    /// Where the key's texts are, as to ask the key takes a call each.
    name: *const str,
    labels: *const [Label],
    handle: Weak<Handle<A>>,
}

/// The calling thread's handle of a series, if it has one.
#[inline]
pub(super) fn find<A: Kept>(registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
    // Borrowed already: an allocator that records what it does. Without locals: the thread ends.
    let found = A::map().try_with(|map| map.try_borrow().ok()?.find(registry, key));
    found.ok()?
}

/// Gives the calling thread a handle, if there is room for it.
#[cold]
#[inline(never)]
pub(super) fn keep<A: Kept>(
    registry: u64,
    key: &Key,
    series: &Arc<Series<A>>,
) -> Option<Arc<Handle<A>>> {
    let kept = A::map().try_with(|map| map.try_borrow_mut().ok()?.keep(registry, key, series));
    kept.ok()?
}

/// Lets all threads go of the handles that `is_due`. One that is in use right now lives until it is
/// dropped, and is found for as long.
pub(super) fn retract<A: Kept>(is_due: impl Fn(&Handle<A>) -> bool) {
    for_each::<A>(|place| {
        place.take_if(|handle| is_due(handle));
    });
}

fn for_each<A: Kept>(mut each: impl FnMut(&mut Option<Arc<Handle<A>>>)) {
    let mut all = A::owned().lock();
    all.retain(|thread| thread.strong_count() > 0);
    let threads: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
    drop(all);
    for thread in threads {
        thread.lock().iter_mut().for_each(&mut each);
    }
}

impl<A: Kept> Map<A> {
    const fn new() -> Self {
        Self {
            places: Vec::new(),
            used: 0,
            missed: 0,
            owned: None,
        }
    }

    #[inline]
    fn find(&self, registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
        let set = self.set_of(registry, key)?;
        self.places[set..set + WAYS]
            .iter()
            .flatten()
            .find(|place| place.is_for(registry, key))?
            .handle
            .upgrade()
    }

    /// The first place of the set that a key belongs to.
    #[inline]
    fn set_of(&self, registry: u64, key: &Key) -> Option<usize> {
        let sets = self.places.len() / WAYS;
        // By the top bits of a product (Fibonacci hashing): a key's hash is not meant to be good in any.
        let hash = (key.get_hash() ^ registry).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let shift = 64 - sets.checked_ilog2()?;
        Some(usize::try_from(hash >> shift).ok()? * WAYS)
    }

    fn keep(
        &mut self,
        registry: u64,
        key: &Key,
        series: &Arc<Series<A>>,
    ) -> Option<Arc<Handle<A>>> {
        if self.owned.is_none() {
            self.own();
        }
        let place = self.place_for(registry, key)?;
        let handle = Arc::new(Handle {
            registry,
            series: Arc::clone(series),
        });
        // A drain may be looking through them; it is never waited for.
        let mut owned = self.owned.as_ref()?.try_lock()?;
        owned[place] = Some(Arc::clone(&handle));
        drop(owned);
        self.used += usize::from(self.places[place].is_none());
        let key = key.to_retained();
        self.places[place] = Some(Place {
            registry,
            name: key.name(),
            labels: key.labels().as_slice(),
            key,
            handle: Arc::downgrade(&handle),
        });
        Some(handle)
    }

    fn own(&mut self) {
        self.places = empty(FIRST_SETS * WAYS);
        let owned = Arc::new(Mutex::new(empty(FIRST_SETS * WAYS)));
        let mut all = A::owned().lock();
        if all.len() == all.capacity() {
            all.retain(|thread| thread.strong_count() > 0);
            // As many again may come before the next look, so that it costs each of them little.
            let len = all.len();
            all.reserve(len.max(16));
        }
        all.push(Arc::downgrade(&owned));
        self.owned = Some(owned);
    }

    /// Where a new one goes, if there is room.
    fn place_for(&mut self, registry: u64, key: &Key) -> Option<usize> {
        let set = self.set_of(registry, key)?;
        let ways = || self.places[set..set + WAYS].iter().enumerate();
        let is_own = |place: &Place<A>| place.is_for(registry, key);
        let is_free = |place: &Place<A>| place.handle.strong_count() == 0;
        let fits = ways()
            .find(|(_, place)| place.as_ref().is_some_and(is_own))
            .or_else(|| ways().find(|(_, place)| place.as_ref().is_none_or(is_free)));
        if let Some((way, _)) = fits {
            return Some(set + way);
        }
        if self.used * SPARSE >= self.places.len() && self.places.len() < MAX_SETS * WAYS {
            self.grow()?;
            return self.place_for(registry, key);
        }
        self.missed += 1;
        let is_admitted = self.missed.is_multiple_of(ADMITTED);
        is_admitted.then_some(set + self.missed / ADMITTED % WAYS)
    }

    /// Twice as many sets; each of the former is divided between two.
    fn grow(&mut self) -> Option<()> {
        let all = Arc::clone(self.owned.as_ref()?);
        let mut owned = all.try_lock()?;
        let twice = self.places.len() * 2;
        let places = std::mem::replace(&mut self.places, empty(twice));
        let handles = std::mem::replace(&mut *owned, empty(twice));
        self.used = 0;
        for (place, handle) in places.into_iter().zip(handles) {
            let (Some(place), Some(handle)) = (place, handle) else {
                continue;
            };
            let set = self.set_of(place.registry, &place.key)?;
            let free = (set..set + WAYS).find(|&free| self.places[free].is_none())?;
            self.places[free] = Some(place);
            owned[free] = Some(handle);
            self.used += 1;
        }
        Some(())
    }
}

impl<A> Place<A> {
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

fn empty<T>(len: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(len).collect()
}

macro_rules! kept {
    ($($aggregate:ty),*) => {$(
        impl Kept for $aggregate {
            fn map() -> &'static LocalKey<RefCell<Map<Self>>> {
                thread_local! {
                    static MAP: RefCell<Map<$aggregate>> = const { RefCell::new(Map::new()) };
                }
                &MAP
            }

            fn owned() -> &'static Mutex<Vec<Weak<Owned<Self>>>> {
                static OWNED: Mutex<Vec<Weak<Owned<$aggregate>>>> = Mutex::new(Vec::new());
                &OWNED
            }
        }
    )*};
}

kept!(Counter, Gauge, Histogram);
