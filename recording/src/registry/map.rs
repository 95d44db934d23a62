//! The series of one kind, by key, and the metrics by name.

use super::alias::{MAX_ALIASES, Named};
use super::dropped::Dropped;
use super::naming::Naming;
use super::recorded::{Neighbours, Recorded};
use super::series_limit::{Excess, overflow_key};
use crate::aggregate::Aggregate;
use crate::series::{Description, Metric, Series};
use metrics::{Key, KeyName, Metadata};
use metrics_util::KeyHasher;
use parking_lot::{Mutex, RwLock};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct SeriesMap<A> {
    known: RwLock<Known<A>>,
    /// New series, until the next snapshot takes them over. So a snapshot needs no lock of the map's for them.
    arrivals: Mutex<Vec<Arc<Recorded<A>>>>,
    /// What was recorded to metrics that are too many.
    nameless: Arc<Dropped>,
}

#[derive(Debug)]
struct Known<A> {
    series: HashSet<Named<A>, BuildHasherDefault<KeyHasher>>,
    /// Other keys that stand for a series, by its own; so many at most. More than that are normalised at each look-up.
    aliases: HashMap<Key, Vec<Key>, BuildHasherDefault<KeyHasher>>,
    descriptions: HashMap<KeyName, Arc<Description>>,
    metrics: HashMap<KeyName, Arc<Metric>>,
    /// The series that stand for all beyond a metric's limit.
    overflows: HashMap<KeyName, Arc<Recorded<A>>>,
    unused: Neighbours<A>,
    /// Nobody takes snapshots any more.
    is_closed: bool,
}

/// What a key was found to be.
pub(super) enum Found<A> {
    Series(Arc<Recorded<A>>),
    /// The metric is at its limit, and the series would mean nothing in a sum.
    Beyond(Arc<Metric>),
    /// There are too many metrics.
    Nameless(Arc<Dropped>),
    /// By the policy.
    Disabled,
    /// Nobody takes snapshots any more.
    Closed,
}

impl<A: Aggregate> SeriesMap<A> {
    pub(super) fn new() -> Self {
        Self {
            known: RwLock::new(Known {
                series: HashSet::default(),
                aliases: HashMap::default(),
                descriptions: HashMap::new(),
                metrics: HashMap::new(),
                overflows: HashMap::new(),
                unused: Neighbours::new(),
                is_closed: false,
            }),
            arrivals: Mutex::default(),
            nameless: Arc::default(),
        }
    }

    pub(super) fn get_or_create(
        &self,
        key: &Key,
        metadata: &Metadata<'_>,
        naming: &Naming,
    ) -> Found<A> {
        if let Some(found) = self.known.read().find(key) {
            return found;
        }
        let metric = match self.metric(key, metadata, naming) {
            Ok(metric) if metric.policy.is_enabled => metric,
            Ok(_) => return Found::Disabled,
            Err(found) => return found,
        };
        let projection = metric.policy.projection.as_ref();
        let projected = projection.and_then(|projection| projection.of(key));
        let key = projected.as_ref().unwrap_or(key);
        if projected.is_some()
            && let Some(found) = self.known.read().find(key)
        {
            return found;
        }
        let normal = naming.normalize(key);
        let is_alias = normal.is_some();
        let normal = normal.unwrap_or_else(|| key.clone()).to_retained();
        // Aliases and keys beyond a limit come without end, and are not to keep others from the map.
        if let Some(found) = self.known.read().find_normal(&normal, is_alias, &metric) {
            return found;
        }
        let mut known = self.known.write();
        if known.is_closed {
            return Found::Closed;
        }
        let recorded = match known.series.get(&normal) {
            Some(named) => Arc::clone(&named.recorded),
            None => match metric.limit.admit(A::KIND) {
                Ok(()) => self.create(&mut known, normal, metric),
                Err(Excess::Overflow) => {
                    naming.note_beyond(&metric, &normal);
                    // No alias: the keys beyond the limit are without number.
                    return Found::Series(self.overflow(&mut known, key, metric));
                }
                Err(Excess::Refused) => {
                    naming.note_beyond(&metric, &normal);
                    return Found::Beyond(metric);
                }
            },
        };
        if is_alias {
            known.add_alias(key.to_retained(), &recorded);
        }
        Found::Series(recorded)
    }

    /// The metric of a key; asks the policy if this is the first.
    fn metric(
        &self,
        key: &Key,
        metadata: &Metadata<'_>,
        naming: &Naming,
    ) -> Result<Arc<Metric>, Found<A>> {
        if let Some(metric) = self.known.read().metrics.get(key.name()) {
            return Ok(Arc::clone(metric));
        }
        // Names without end are not to keep others from the map either.
        if naming.is_full() {
            return Err(Found::Nameless(Arc::clone(&self.nameless)));
        }
        let mut known = self.known.write();
        if known.is_closed {
            return Err(Found::Closed);
        }
        let metric = known.metric(key, metadata, naming);
        metric.ok_or_else(|| Found::Nameless(Arc::clone(&self.nameless)))
    }

    fn create(&self, known: &mut Known<A>, key: Key, metric: Arc<Metric>) -> Arc<Recorded<A>> {
        let recorded = known.unused.make(Series::new(key, metric, false));
        known.series.insert(Named {
            alias: None,
            recorded: Arc::clone(&recorded),
        });
        self.arrivals.lock().push(Arc::clone(&recorded));
        recorded
    }

    /// The series that stands for all beyond the limit of a metric.
    fn overflow(&self, known: &mut Known<A>, key: &Key, metric: Arc<Metric>) -> Arc<Recorded<A>> {
        if let Some(recorded) = known.overflows.get(key.name()) {
            return Arc::clone(recorded);
        }
        let recorded = known
            .unused
            .make(Series::new(overflow_key(key), metric, true));
        let name = key.to_retained().name_shared();
        known.overflows.insert(name, Arc::clone(&recorded));
        self.arrivals.lock().push(Arc::clone(&recorded));
        recorded
    }

    /// The description that all series of a metric have, and will have; none if there are too many, or nobody takes
    /// snapshots.
    pub(super) fn describe(&self, name: &KeyName, naming: &Naming) -> Option<Arc<Description>> {
        let has_room = |known: &Known<A>| {
            !known.is_closed && naming.has_room_for_description(known.descriptions.len(), name)
        };
        let known = self.known.read();
        if let Some(description) = known.descriptions.get(name.as_str()) {
            return Some(Arc::clone(description));
        }
        if !has_room(&known) {
            return None;
        }
        drop(known);
        let mut known = self.known.write();
        has_room(&known).then(|| known.description(name))
    }

    /// What was recorded to metrics that are too many.
    pub(super) fn nameless(&self) -> &Dropped {
        &self.nameless
    }

    /// The label of a metric that has most values, and how many.
    pub(super) fn most_varied_label(&self, metric: &Arc<Metric>) -> Option<(String, usize)> {
        let known = self.known.read();
        let series = known.series.iter().map(|named| named.recorded.series());
        let series = series.filter(|series| Arc::ptr_eq(&series.metric, metric));
        let mut values: HashMap<&str, HashSet<&str>> = HashMap::new();
        for label in series.flat_map(|series| series.key().labels()) {
            values.entry(label.key()).or_default().insert(label.value());
        }
        // Of two with as many, the first by name.
        let counts = values
            .iter()
            .map(|(name, values)| (values.len(), Reverse(*name)));
        let most = counts
            .max()
            .map(|(count, Reverse(name))| (name.to_owned(), count));
        // Without series, it has come to the limit of all metrics.
        let first = || metric.limit.first_beyond()?.labels().next();
        most.or_else(|| Some((first()?.key().to_owned(), 1)))
    }

    /// Lets go of all series: from now on, every key is one of a metric that is disabled.
    pub(super) fn close(&self) {
        let mut known = self.known.write();
        known.is_closed = true;
        known.series = HashSet::default();
        known.aliases = HashMap::default();
        known.descriptions = HashMap::new();
        known.metrics = HashMap::new();
        known.overflows = HashMap::new();
        known.unused = Neighbours::new();
        drop(known);
        drop(self.take_arrivals());
    }

    pub(crate) fn take_arrivals(&self) -> Vec<Arc<Recorded<A>>> {
        std::mem::take(&mut *self.arrivals.lock())
    }

    /// Takes a series out of the map for as long as `decide` runs, if nobody else has it: no key, no handle and no
    /// cache. Puts it back unless `decide` says that it is to go. Returns whether it went.
    ///
    /// The list of the snapshotter has one reference, `recorded`.
    pub(super) fn unlink(
        &self,
        recorded: &mut Arc<Recorded<A>>,
        decide: impl FnOnce(&mut Arc<Recorded<A>>) -> bool,
    ) -> bool {
        let series = Arc::clone(recorded.series());
        // A series of the application's own may have the key of the overflow series.
        let has_aliases = !series.is_overflow;
        let aliases = || self.known.read().aliases.get(series.key()).map(Vec::len);
        let aliases = has_aliases.then(aliases).flatten();
        // One in the list, one by its key, one by each alias: more than that is a handle.
        if Arc::strong_count(recorded) > 2 + aliases.unwrap_or(0) {
            return false;
        }
        let mut known = self.known.write();
        let names = known.remove(&series);
        if decide(recorded) {
            if has_aliases {
                known.aliases.remove(series.key());
            }
            return true;
        }
        if series.is_overflow {
            let name = series.key().name_shared();
            known.overflows.insert(name, Arc::clone(recorded));
        }
        let back = names.into_iter().map(|alias| Named {
            alias,
            recorded: Arc::clone(recorded),
        });
        known.series.extend(back);
        false
    }

    /// Runs something while another thread changes the map.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, run: impl FnOnce()) {
        let _locked = self.known.write();
        run();
    }

    /// Runs something while another thread looks something up.
    #[cfg(test)]
    pub(crate) fn while_looked_up(&self, run: impl FnOnce()) {
        let _locked = self.known.read();
        run();
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(crate) fn known(&self) -> usize {
        self.known.read().series.len()
    }
}

impl<A: Aggregate> Known<A> {
    /// What a normal key is, if the map has nothing to add for that: neither an alias nor a series.
    fn find_normal(&self, normal: &Key, is_alias: bool, metric: &Arc<Metric>) -> Option<Found<A>> {
        let Some(named) = self.series.get(normal) else {
            return self.find_beyond(normal, metric);
        };
        let aliases = self.aliases.get(named.recorded.series().key());
        let has_room = aliases.is_none_or(|aliases| aliases.len() < MAX_ALIASES);
        let adds_alias = is_alias && has_room;
        (!adds_alias).then(|| Found::Series(Arc::clone(&named.recorded)))
    }

    /// Where a key goes that has no series and can have none.
    fn find_beyond(&self, normal: &Key, metric: &Arc<Metric>) -> Option<Found<A>> {
        let found = match metric.limit.excess(A::KIND)? {
            Excess::Overflow => Found::Series(Arc::clone(self.overflows.get(normal.name())?)),
            Excess::Refused if metric.limit.is_reached() => Found::Beyond(Arc::clone(metric)),
            // The first refusal makes the metric known to snapshots.
            Excess::Refused => return None,
        };
        metric.limit.note_beyond(normal);
        Some(found)
    }

    fn find(&self, key: &Key) -> Option<Found<A>> {
        if self.is_closed {
            return Some(Found::Closed);
        }
        let named = self.series.get(key)?;
        Some(Found::Series(Arc::clone(&named.recorded)))
    }

    /// The metric of a key; asks the policy if this is the first. None if there are too many.
    fn metric(
        &mut self,
        key: &Key,
        metadata: &Metadata<'_>,
        naming: &Naming,
    ) -> Option<Arc<Metric>> {
        if let Some(metric) = self.metrics.get(key.name()) {
            return Some(Arc::clone(metric));
        }
        let name = key.to_retained().name_shared();
        let description = || self.description(&name);
        let metric = Arc::new(naming.metric(A::KIND, key, metadata, description)?);
        self.metrics.insert(name, Arc::clone(&metric));
        Some(metric)
    }

    fn add_alias(&mut self, key: Key, recorded: &Arc<Recorded<A>>) {
        let aliases = self.aliases.entry(recorded.series().key().clone());
        let aliases = aliases.or_default();
        if aliases.len() < MAX_ALIASES && !aliases.contains(&key) {
            aliases.push(key.clone());
            self.series.insert(Named {
                alias: Some(Box::new(key)),
                recorded: Arc::clone(recorded),
            });
        }
    }

    /// Removes a series; returns by which keys it was there.
    fn remove(&mut self, series: &Series) -> Vec<Option<Box<Key>>> {
        if series.is_overflow {
            self.overflows.remove(series.key().name());
            return Vec::new();
        }
        let aliases = self.aliases.get(series.key()).into_iter().flatten();
        let removed = aliases
            .chain([series.key()])
            .filter_map(|key| self.series.take(key));
        removed.map(|named| named.alias).collect()
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
