//! The series of one kind, by key.

use super::identity;
use super::series::{Description, Series};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Unit};
use metrics_util::KeyHasher;
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Shelf<A> {
    known: RwLock<Known<A>>,
    /// New series, until the next drain takes them over: so a drain holds no lock that a
    /// recording thread needs.
    arrivals: Mutex<Vec<Arc<Series<A>>>>,
    /// All series; only a drain locks it.
    series: Mutex<Vec<Arc<Series<A>>>>,
}

#[derive(Debug)]
struct Known<A> {
    series: HashMap<Key, Arc<Series<A>>, BuildHasherDefault<KeyHasher>>,
    descriptions: HashMap<KeyName, Arc<Description>>,
}

impl<A> Shelf<A> {
    pub(crate) fn new() -> Self {
        Self {
            known: RwLock::new(Known {
                series: HashMap::default(),
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
        if let Some(series) = self.known.read().series.get(key) {
            return Arc::clone(series);
        }
        let key = key.to_retained();
        let normal = identity::normalize(&key, defaults);
        let mut known = self.known.write();
        let series = known.create(
            normal.as_ref().unwrap_or(&key),
            defaults,
            aggregate,
            |new| {
                self.arrivals.lock().push(new);
            },
        );
        if normal.is_some() {
            known.series.insert(key, Arc::clone(&series));
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

    /// Shows every series to a drain. Drains come one after the other.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&Series<A>)) {
        let mut series = self.series.lock();
        series.append(&mut self.arrivals.lock());
        for series in &*series {
            each(series);
        }
    }
}

impl<A> Known<A> {
    fn create(
        &mut self,
        key: &Key,
        defaults: &Dimensions,
        aggregate: impl FnOnce() -> A,
        arrive: impl FnOnce(Arc<Series<A>>),
    ) -> Arc<Series<A>> {
        if let Some(series) = self.series.get(key) {
            return Arc::clone(series);
        }
        let description = self.description(&key.name_shared());
        let series = Arc::new(Series::new(key.clone(), defaults, description, aggregate()));
        self.series.insert(key.clone(), Arc::clone(&series));
        arrive(Arc::clone(&series));
        series
    }

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
