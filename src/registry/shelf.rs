//! The series of one kind, by key.

use super::identity;
use super::series::{Description, Series};
use crate::dimension::Dimensions;
use metrics::{Key, KeyName, Unit};
use metrics_util::{KeyHasher, MetricKind};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

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
    series: HashMap<Key, Arc<Series<A>>, BuildHasherDefault<KeyHasher>>,
    descriptions: HashMap<KeyName, Arc<Description>>,
}

impl<A> Shelf<A> {
    pub(crate) fn new(kind: MetricKind) -> Self {
        Self {
            kind,
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
        let is_alias = normal.is_some();
        let normal = normal.unwrap_or_else(|| key.clone());
        let series = known.series.get(&normal).cloned();
        let series = series.unwrap_or_else(|| {
            let description = known.description(&normal.name_shared());
            let new = Series::new(
                self.kind,
                normal.clone(),
                defaults,
                description,
                aggregate(),
            );
            let new = Arc::new(new);
            known.series.insert(normal, Arc::clone(&new));
            self.arrivals.lock().push(Arc::clone(&new));
            new
        });
        if is_alias {
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
