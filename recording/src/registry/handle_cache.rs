//! A thread's map from key to handle: a handle is found without a lock, and no two threads count the same references.

use super::dropped::Dropped;
use super::handle_owner::{self, Cached, Handle, Owned};
use super::projection::Sought;
use super::recorded::Recorded;
use super::sets::{Sets, WAYS, empty};
use metrics::{Key, Label};
use parking_lot::Mutex;
use std::ptr;
use std::sync::{Arc, Weak};

const FIRST_SETS: usize = 16;
/// A thread's cache has room for some 1,024 series of a kind. More series are looked up in the registry. There are twice
/// as many lines, so that few keys find their set full.
const MAX_SETS: usize = 512;
/// A full set makes the cache grow, if one line of so many is used.
const SPARSE: usize = 8;
/// In a full cache, one of so many keys that are not there takes another key's line. So a walk over more keys than the
/// cache holds does not throw out what is used all the time.
const ADMITTED: usize = 8;

#[derive(Debug)]
pub(crate) struct HandleCache<A> {
    sets: Sets<Line<A>>,
    used: usize,
    misses: usize,
    /// The set that was swept last.
    to_sweep: usize,
    owned: Option<Arc<Owned<A>>>,
}

#[derive(Debug)]
struct Line<A> {
    registry: u64,
    /// Of what was looked for.
    hash: u64,
    key: Key,
    /// Where the key's texts are, as to ask the key takes a call each.
    name: *const str,
    labels: *const [Label],
    handle: Weak<Handle<A>>,
    beyond: Beyond,
}

/// Whether a key is beyond a limit. There may be such keys without end: they take no line from others.
#[derive(Debug)]
enum Beyond {
    No,
    /// Its handle is that of the overflow series.
    Overflow,
    /// It has no handle. What is recorded is dropped, until a place is free.
    Drops(Box<Drops>),
}

#[derive(Debug)]
struct Drops {
    dropped: Arc<Dropped>,
    /// How often places had become free.
    freed: u64,
}

/// What a thread knows of a key.
pub(super) enum Known<A> {
    Handle(Arc<Handle<A>>),
    Dropped(Arc<Dropped>),
}

/// The calling thread's handle of a series, if it has one.
#[inline]
pub(super) fn find<A: Cached>(registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
    // Borrowed already: an allocator that records what it does. Without locals: the thread ends.
    let found = A::cache().try_with(|cache| cache.try_borrow().ok()?.find(registry, key));
    found.ok()?
}

/// What is known of a key that has no handle of its own. `freed`: how often places became free.
pub(super) fn find_other<A: Cached>(
    registry: u64,
    sought: Sought<'_>,
    freed: u64,
) -> Option<Known<A>> {
    let found = A::cache().try_with(|cache| {
        let cache = cache.try_borrow().ok()?;
        cache.find_other(registry, sought, freed)
    });
    found.ok()?
}

/// Gives the calling thread a handle, if there is room for it.
#[cold]
#[inline(never)]
pub(super) fn insert<A: Cached>(
    registry: u64,
    sought: Sought<'_>,
    recorded: &Arc<Recorded<A>>,
) -> Option<Arc<Handle<A>>> {
    let inserted = A::cache().try_with(|cache| {
        cache
            .try_borrow_mut()
            .ok()?
            .insert(registry, sought, recorded)
    });
    inserted.ok()?
}

/// Lets the calling thread know, if there is room for it, that a key's samples are dropped.
#[cold]
pub(super) fn insert_dropped<A: Cached>(
    registry: u64,
    sought: Sought<'_>,
    dropped: &Arc<Dropped>,
    freed: u64,
) {
    let drops = Beyond::Drops(Box::new(Drops {
        dropped: Arc::clone(dropped),
        freed,
    }));
    let _ = A::cache().try_with(|cache| {
        let mut cache = cache.try_borrow_mut().ok()?;
        cache.start()?;
        let line = cache.line_for(registry, sought, true)?;
        cache.put(line, registry, sought, sought.to_key(), Weak::new(), drops);
        Some(())
    });
}

/// Takes a handle from the calling thread.
#[cold]
pub(super) fn remove<A: Cached>(registry: u64, sought: Sought<'_>) {
    let _ = A::cache().try_with(|cache| cache.try_borrow_mut().ok()?.remove(registry, sought));
}

impl<A: Cached> HandleCache<A> {
    pub(super) const fn new() -> Self {
        Self {
            sets: Sets::new(),
            used: 0,
            misses: 0,
            to_sweep: 0,
            owned: None,
        }
    }

    #[inline]
    fn find(&self, registry: u64, key: &Key) -> Option<Arc<Handle<A>>> {
        self.sets
            .set(key.get_hash() ^ registry)?
            .iter()
            .flatten()
            .find(|line| line.is_for(registry, key))?
            .handle
            .upgrade()
    }

    fn find_other(&self, registry: u64, sought: Sought<'_>, freed: u64) -> Option<Known<A>> {
        let set = self.sets.set(sought.hash() ^ registry)?;
        let line = set
            .iter()
            .flatten()
            .find(|line| line.is_of(registry, sought))?;
        match &line.beyond {
            Beyond::Drops(drops) if drops.freed == freed => {
                Some(Known::Dropped(Arc::clone(&drops.dropped)))
            }
            _ => line.handle.upgrade().map(Known::Handle),
        }
    }

    fn insert(
        &mut self,
        registry: u64,
        sought: Sought<'_>,
        recorded: &Arc<Recorded<A>>,
    ) -> Option<Arc<Handle<A>>> {
        self.start()?;
        let is_overflow = recorded.series().is_overflow;
        let line = self.line_for(registry, sought, is_overflow)?;
        let handle = Arc::new(Handle {
            registry,
            recorded: Arc::clone(recorded),
        });
        // A snapshot may be looking through them; it is never waited for.
        let mut owned = self.owned.as_ref()?.try_lock()?;
        owned[line] = Some(Arc::clone(&handle));
        drop(owned);
        let key = key_to_keep(sought, recorded.series().key());
        let beyond = if is_overflow {
            Beyond::Overflow
        } else {
            Beyond::No
        };
        self.put(line, registry, sought, key, Arc::downgrade(&handle), beyond);
        Some(handle)
    }

    fn remove(&mut self, registry: u64, sought: Sought<'_>) -> Option<()> {
        let hash = sought.hash() ^ registry;
        let is_its = |line: &Line<A>| line.is_of(registry, sought);
        let mut lines = self.sets.set(hash)?.iter();
        let first = self.sets.first(hash);
        let line = first + lines.position(|line| line.as_ref().is_some_and(is_its))?;
        self.used -= self.sets.clear(first / WAYS, is_its);
        // If a snapshot is looking through the list, perhaps another registry's, the handle stays there until the next.
        self.owned.as_ref()?.try_lock()?[line] = None;
        Some(())
    }

    fn put(
        &mut self,
        line: usize,
        registry: u64,
        sought: Sought<'_>,
        key: Key,
        handle: Weak<Handle<A>>,
        beyond: Beyond,
    ) {
        let new = Line {
            registry,
            hash: sought.hash(),
            name: key.name(),
            labels: key.labels().as_slice(),
            key,
            handle,
            beyond,
        };
        self.used += usize::from(self.sets.put(line, new).is_none());
        self.sweep();
    }

    /// Clears two sets of what is no more, two others at each insertion: so keys of evicted series do not stay.
    fn sweep(&mut self) {
        for _ in 0..2 {
            self.to_sweep = (self.to_sweep + 1) % self.sets.sets();
            self.used -= self.sets.clear(self.to_sweep, Line::is_free);
        }
    }

    /// Makes the first sets, and makes the thread's list known to others.
    fn start(&mut self) -> Option<()> {
        if self.owned.is_none() {
            let owned = Arc::new(Mutex::new(empty(FIRST_SETS * WAYS)));
            handle_owner::register(&owned)?;
            self.sets.resize(FIRST_SETS);
            self.owned = Some(owned);
        }
        Some(())
    }

    /// Where a new one goes, if there is room.
    fn line_for(&mut self, registry: u64, sought: Sought<'_>, is_beyond: bool) -> Option<usize> {
        let hash = sought.hash() ^ registry;
        let (first, set) = (self.sets.first(hash), self.sets.set(hash)?);
        let way = |fits: &dyn Fn(&Line<A>) -> bool| {
            let way = set.iter().position(|line| line.as_ref().is_some_and(fits));
            way.map(|way| first + way)
        };
        let own = way(&|line| line.is_of(registry, sought));
        let unused = || set.iter().position(Option::is_none);
        let free = || {
            unused()
                .map(|way| first + way)
                .or_else(|| way(&Line::is_free))
        };
        let of_beyond = way(&Line::is_beyond).filter(|_| !is_beyond);
        if let Some(line) = own.or_else(free).or(of_beyond) {
            return Some(line);
        }
        let is_full = self.sets.len() >= MAX_SETS * WAYS;
        if !is_beyond && !is_full && self.used * SPARSE >= self.sets.len() {
            self.grow()?;
            return self.line_for(registry, sought, is_beyond);
        }
        let other = if is_beyond {
            way(&Line::is_beyond)?
        } else {
            first + self.misses / ADMITTED % WAYS
        };
        self.misses += 1;
        self.misses.is_multiple_of(ADMITTED).then_some(other)
    }

    /// Twice as many sets; each of the former is divided between two.
    fn grow(&mut self) -> Option<()> {
        let all = Arc::clone(self.owned.as_ref()?);
        let mut owned = all.try_lock()?;
        let twice = self.sets.len() * 2;
        let lines = self.sets.resize(twice / WAYS);
        let handles = std::mem::replace(&mut *owned, empty(twice));
        self.used = 0;
        for (line, handle) in lines.into_iter().zip(handles) {
            let (Some(line), Some(handle)) = (line, handle) else {
                continue;
            };
            let hash = line.hash ^ line.registry;
            let free = self.sets.set(hash)?.iter().position(Option::is_none)?;
            let free = self.sets.first(hash) + free;
            self.sets.put(free, line);
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
            && self.hash == key.get_hash()
            && (ptr::eq(self.labels, key.labels().as_slice()) && ptr::eq(self.name, key.name())
                || are_equal(&self.key, key, self.labels.len()))
    }

    fn is_of(&self, registry: u64, sought: Sought<'_>) -> bool {
        self.registry == registry && self.hash == sought.hash() && sought.is(&self.key)
    }

    fn is_free(&self) -> bool {
        self.handle.strong_count() == 0 && !matches!(self.beyond, Beyond::Drops(_))
    }

    fn is_beyond(&self) -> bool {
        !matches!(self.beyond, Beyond::No)
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
fn key_to_keep(sought: Sought<'_>, of_series: &Key) -> Key {
    let is_static = sought.as_whole().is_some_and(|key| {
        let retained = key.to_retained();
        ptr::eq(retained.name(), key.name())
            && ptr::eq(retained.labels().as_slice(), key.labels().as_slice())
    });
    if !is_static && sought.is(of_series) {
        return of_series.clone();
    }
    sought.to_key()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Recorder;
    use crate::aggregate::Counter;
    use metrics::{Level, Metadata, Recorder as _};
    use std::time::UNIX_EPOCH;

    /// A thread that has to forget a handle does, though a snapshot, of whichever recorder, is looking through its list.
    #[test]
    fn a_handle_is_forgotten_while_the_list_is_looked_through() {
        let (recorder, _snapshotter) = Recorder::new((), UNIX_EPOCH);
        let key = Key::from_static_name("n");
        let metadata = Metadata::new("test", Level::INFO, None);
        recorder.register_counter(&key, &metadata).increment(1);
        let owned = Counter::cache().with_borrow(|cache| cache.owned.clone().unwrap());
        let registry = owned.lock().iter().flatten().next().unwrap().registry;
        assert!(find::<Counter>(registry, &key).is_some());
        let looking = owned.lock();
        remove::<Counter>(registry, Sought::whole(&key));
        assert!(find::<Counter>(registry, &key).is_none());
        drop(looking);
    }
}
