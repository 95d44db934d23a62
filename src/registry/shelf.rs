//! The series of one kind, by key.

use super::forget::forget;
use super::identity;
use super::idle::{Idle, LastSeen, Moment};
use super::known::{self, Kept};
use super::row::{Places, Rows, Show};
use super::series::{Description, Series};
use crate::aggregate::{Aggregate, Mark};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Unit};
use metrics_util::KeyHasher;
use parking_lot::{Mutex, RwLock};
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Shelf<A> {
    known: RwLock<Known<A>>,
    /// New series, until the next drain takes them over: so a drain holds no lock that a
    /// recording thread needs.
    arrivals: Mutex<Vec<Arc<Series<A>>>>,
    /// All series; only a drain locks it.
    all: Mutex<Rows<Entry<A>>>,
}

#[derive(Debug)]
struct Entry<A> {
    series: Arc<Series<A>>,
    last_seen: LastSeen,
}

#[derive(Debug)]
struct Known<A> {
    series: HashSet<Named<A>, BuildHasherDefault<KeyHasher>>,
    /// Other keys that stand for a series, by its own.
    aliases: HashMap<Key, Vec<Key>, BuildHasherDefault<KeyHasher>>,
    descriptions: HashMap<KeyName, Arc<Description>>,
    places: Places,
}

/// A series by its key, or by one that stands for the same.
#[derive(Debug)]
struct Named<A> {
    alias: Option<Box<Key>>,
    series: Arc<Series<A>>,
}

impl<A> Borrow<Key> for Named<A> {
    fn borrow(&self) -> &Key {
        self.alias
            .as_deref()
            .unwrap_or_else(|| &self.series.identity.key)
    }
}

impl<A> Hash for Named<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<Key>::borrow(self).hash(state);
    }
}

impl<A> PartialEq for Named<A> {
    fn eq(&self, other: &Self) -> bool {
        Borrow::<Key>::borrow(self) == other.borrow()
    }
}

impl<A> Eq for Named<A> {}

impl<A> Shelf<A> {
    pub(crate) fn new() -> Self {
        Self {
            known: RwLock::new(Known {
                series: HashSet::default(),
                aliases: HashMap::default(),
                descriptions: HashMap::new(),
                places: Places::default(),
            }),
            arrivals: Mutex::default(),
            all: Mutex::new(Rows::new()),
        }
    }

    pub(crate) fn get_or_create(
        &self,
        key: &Key,
        defaults: &Arc<Dimensions>,
        new: impl FnOnce(Mark) -> A,
    ) -> Arc<Series<A>> {
        if let Some(known) = self.known.read().series.get(key) {
            return Arc::clone(&known.series);
        }
        let key = key.to_retained();
        let normal = identity::normalize(&key, defaults);
        let mut known = self.known.write();
        let is_alias = normal.is_some();
        let normal = normal.unwrap_or_else(|| key.clone());
        let series = known.series.get(&normal);
        let series = series.map(|known| Arc::clone(&known.series));
        let series = series.unwrap_or_else(|| {
            let description = known.description(&normal.name_shared());
            let mark = known.places.take();
            let series = Series::new(normal, defaults, description, new(mark));
            let series = Arc::new(series);
            known.series.insert(Named {
                alias: None,
                series: Arc::clone(&series),
            });
            self.arrivals.lock().push(Arc::clone(&series));
            series
        });
        if is_alias {
            let aliases = known.aliases.entry(series.identity.key.clone());
            aliases.or_default().push(key.clone());
            known.series.insert(Named {
                alias: Some(Box::new(key)),
                series: Arc::clone(&series),
            });
        }
        series
    }

    /// Describes a metric, now and for series to come; gives the unit it
    /// had before when that changes for the first time.
    pub(crate) fn describe(&self, name: &KeyName, unit: Unit) -> Option<Unit> {
        // The macros describe on every call that names a unit, so the known one must be cheap.
        let known = self.known.read().descriptions.get(name.as_str()).cloned();
        let description = known.unwrap_or_else(|| self.known.write().description(name));
        description.set_unit(unit)
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.known.read().series.len()
    }

    /// Shows series to a drain, and whether they were recorded to, or may have been; it tells whether they are idle.
    /// Those that are, that nobody holds, and that `each` finds untouched once more, are forgotten. Drains come one
    /// after the other.
    pub(super) fn for_each(
        &self,
        moment: Moment,
        show: Show,
        mut each: impl FnMut(&Series<A>, &mut LastSeen, bool) -> Idle,
    ) where
        A: Kept + Aggregate,
    {
        let mut all = self.all.lock();
        let arrivals = mem::take(&mut *self.arrivals.lock());
        for series in arrivals {
            let mark = series.aggregate.marked_at();
            let last_seen = LastSeen::new(moment);
            all.put(&mark, Entry { series, last_seen });
        }
        let mut idle = HashMap::new();
        // What was not touched is looked at only for how long it has been.
        let walk = if moment.has_timeout() {
            Show::All
        } else {
            show
        };
        let is_shown = |is_due| is_due || show == Show::All;
        let fetch = |is_due, entry: &Entry<A>| {
            if is_shown(is_due) {
                entry.series.fetch();
            }
        };
        all.for_each(walk, fetch, |place, is_due, entry| {
            let Entry { series, last_seen } = entry;
            let found = if is_shown(is_due) {
                each(series, last_seen, is_due)
            } else {
                last_seen.look(moment, false)
            };
            if found == Idle::Due && series.aggregate.begins_anew() {
                idle.insert(Arc::as_ptr(series), place);
            }
            is_shown(is_due) && series.aggregate.has_lanes()
        });
        if !idle.is_empty() {
            known::retract::<A>(|handle| idle.contains_key(&Arc::as_ptr(&handle.series)));
        }
        for place in idle.into_values() {
            let is_forgotten = |entry| self.forget_idle(entry, place, &mut each);
            if all.get_mut(place).is_some_and(is_forgotten) {
                all.remove(place);
            }
        }
    }

    /// Whether it is forgotten.
    fn forget_idle(
        &self,
        entry: &mut Entry<A>,
        place: u32,
        each: &mut impl FnMut(&Series<A>, &mut LastSeen, bool) -> Idle,
    ) -> bool
    where
        A: Aggregate,
    {
        let Entry { series, last_seen } = entry;
        let key = series.identity.key.clone();
        let aliases = self.known.read().aliases.get(&key).cloned();
        let aliases = aliases.unwrap_or_default();
        // One in the list, one by its key, one by each alias: more than that is a handle.
        if Arc::strong_count(series) > 2 + aliases.len() {
            return false;
        }
        let mut known = self.known.write();
        let mut names = Vec::new();
        let unlink = || {
            let keys = aliases.iter().chain([&key]);
            names.extend(
                keys.filter_map(|key| known.series.take(key))
                    .map(|known| known.alias),
            );
        };
        let is_idle = |series: &Series<A>| {
            each(series, last_seen, true) != Idle::No && series.aggregate.begins_anew()
        };
        if forget(series, unlink, is_idle) {
            known.aliases.remove(&key);
            known.places.give_back(place);
            return true;
        }
        let back = names.into_iter().map(|alias| Named {
            alias,
            series: Arc::clone(series),
        });
        known.series.extend(back);
        false
    }
}

impl<A> Known<A> {
    fn description(&mut self, name: &KeyName) -> Arc<Description> {
        if let Some(description) = self.descriptions.get(name.as_str()) {
            return Arc::clone(description);
        }
        let description = Arc::new(Description::new());
        self.descriptions
            .insert(name.to_retained(), Arc::clone(&description));
        description
    }
}
