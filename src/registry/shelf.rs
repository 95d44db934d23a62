//! The series of one kind, by key.

use super::forget::forget;
use super::identity;
use super::idle::Forgettable;
use super::known::{self, Kept};
use super::series::{Description, Series};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Unit};
use metrics_util::{KeyHasher, MetricKind};
use parking_lot::{Mutex, RwLock};
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[derive(Debug)]
pub(crate) struct Shelf<A> {
    kind: MetricKind,
    known: RwLock<Known<A>>,
    /// New series, until the next drain takes them over: so a drain holds no lock that a
    /// recording thread needs.
    arrivals: Mutex<Vec<Arc<Series<A>>>>,
    /// All series; only a drain locks it.
    series: Mutex<Vec<Arc<Series<A>>>>,
}

#[derive(Debug)]
struct Known<A> {
    series: HashSet<Named<A>, BuildHasherDefault<KeyHasher>>,
    /// Other keys that stand for a series, by its own.
    aliases: HashMap<Key, Vec<Key>, BuildHasherDefault<KeyHasher>>,
    descriptions: HashMap<KeyName, Arc<Description>>,
}

/// A series by its key, or by one that stands for the same.
#[derive(Debug)]
struct Named<A> {
    alias: Option<Box<Key>>,
    series: Arc<Series<A>>,
}

impl<A> Borrow<Key> for Named<A> {
    fn borrow(&self) -> &Key {
        self.alias.as_deref().unwrap_or_else(|| self.series.key())
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
    pub(crate) fn new(kind: MetricKind) -> Self {
        Self {
            kind,
            known: RwLock::new(Known {
                series: HashSet::default(),
                aliases: HashMap::default(),
                descriptions: HashMap::new(),
            }),
            arrivals: Mutex::default(),
            series: Mutex::default(),
        }
    }

    pub(crate) fn get_or_create(
        &self,
        key: &Key,
        defaults: &Dimensions,
        aggregate: impl FnOnce() -> A,
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
            let new = Series::new(self.kind, normal, defaults, description, aggregate());
            let new = Arc::new(new);
            known.series.insert(Named {
                alias: None,
                series: Arc::clone(&new),
            });
            self.arrivals.lock().push(Arc::clone(&new));
            new
        });
        if is_alias {
            let aliases = known.aliases.entry(series.key().clone());
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

    /// Shows every series to a drain, which tells whether it is idle. Those that are, that nobody holds,
    /// and that `each` finds untouched once more, are forgotten. Drains come one after the other.
    pub(super) fn for_each(&self, mut each: impl FnMut(&Series<A>) -> bool)
    where
        A: Kept + Forgettable,
    {
        let mut all = self.series.lock();
        all.append(&mut self.arrivals.lock());
        let mut has_idle = false;
        for series in &*all {
            if each(series) && series.aggregate.begins_anew() {
                series.is_idle.store(true, Ordering::Relaxed);
                has_idle = true;
            }
        }
        if has_idle {
            known::retract::<A>(|handle| handle.series.is_idle.load(Ordering::Relaxed));
            all.retain_mut(|series| !self.forget_idle(series, &mut each));
        }
    }

    /// Whether it is forgotten.
    fn forget_idle(
        &self,
        series: &mut Arc<Series<A>>,
        each: &mut impl FnMut(&Series<A>) -> bool,
    ) -> bool
    where
        A: Forgettable,
    {
        if !series.is_idle.swap(false, Ordering::Relaxed) {
            return false;
        }
        let key = series.key().clone();
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
        let is_idle = |series: &Series<A>| each(series) && series.aggregate.begins_anew();
        if forget(series, unlink, is_idle) {
            known.aliases.remove(&key);
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
