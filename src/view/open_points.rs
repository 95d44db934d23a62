//! Points of several series that feed one identity, as the destination does not see all labels: they merge until the
//! snapshot is over.
//!
//! What is kept belongs to the identity, and ends with the last of its series. It takes the identity, a counter's sum or
//! a histogram's buckets during a snapshot, and a gauge's last values for as long as their series live.

use crate::model::evicted::EvictedBytes;
use crate::model::identity::{Identity, Named};
use crate::model::metric_kind::MetricKind;
use crate::model::name_rules::NameRules;
use crate::model::refusal::Refusal;
use crate::settings::gauge_rule::GaugeRule;
use crate::view::projection::Projection;
use crate::view::{Gained, SeriesPolicy, What};
use metrics::Key;
use metrics_recording::{Buckets, Point, Series, SeriesId, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct OpenPoints {
    projection: Projection,
    rule: Option<GaugeRule>,
    /// By the index of a series: which one it is, and the place of its identity.
    feeds: Vec<Option<(SeriesId, usize)>>,
    by_key: HashMap<(MetricKind, Key), usize>,
    /// In the order of their first points.
    fed: Vec<Option<Fed>>,
    free: Vec<usize>,
    collection: u64,
}

/// An identity, and what its series have to say.
#[derive(Debug)]
struct Fed {
    key: (MetricKind, Key),
    identity: Arc<Identity>,
    /// One of its series, which knows the unit.
    latest: Option<Arc<Series>>,
    /// How many series feed it.
    series: usize,
    open: Open,
    samples: u64,
}

#[derive(Debug)]
enum Open {
    Counter(u64),
    /// By the index of the series, of all that live.
    Gauges(BTreeMap<u32, Said>),
    Histogram(Buckets),
}

/// What a gauge said last.
#[derive(Clone, Copy, Debug)]
struct Said {
    last: f64,
    min: f64,
    max: f64,
    /// In which collection.
    at: u64,
}

impl OpenPoints {
    pub(crate) fn new(projection: Projection, rule: Option<GaugeRule>) -> Self {
        Self {
            projection,
            rule,
            feeds: Vec::new(),
            by_key: HashMap::new(),
            fed: Vec::new(),
            free: Vec::new(),
            collection: 0,
        }
    }

    /// The key as the destination sees it.
    pub(crate) fn projected(&self, key: &Key) -> Key {
        self.projection.of(key)
    }

    /// The next collection begins.
    pub(crate) fn begin(&mut self) {
        self.collection += 1;
    }

    /// Takes a point in.
    pub(crate) fn add(&mut self, point: &Point<'_>, policy: &SeriesPolicy, names: &NameRules) {
        let place = self.place_of(point, policy, names);
        let Some(fed) = &mut self.fed[place] else {
            return;
        };
        if !(fed.latest.as_ref()).is_some_and(|latest| Arc::ptr_eq(latest, point.series)) {
            fed.latest = Some(Arc::clone(point.series));
        }
        fed.samples = fed.samples.saturating_add(point.samples);
        match (&mut fed.open, point.value) {
            (Open::Counter(sum), Value::Counter(growth)) => *sum = sum.saturating_add(growth),
            (Open::Gauges(lasts), Value::Gauge { last, min, max }) => {
                let said = Said {
                    last,
                    min,
                    max,
                    at: self.collection,
                };
                lasts.insert(point.id.index, said);
            }
            (Open::Histogram(all), Value::Histogram(samples)) => all.merge(samples),
            // A series keeps its kind.
            _ => {}
        }
    }

    /// A series is evicted.
    pub(crate) fn evict(&mut self, id: SeriesId) {
        let feed = self.feeds.get_mut(id.index as usize);
        let Some((_, place)) = feed.and_then(|feed| feed.take_if(|(own, _)| *own == id)) else {
            return;
        };
        if let Some(fed) = &mut self.fed[place] {
            fed.series -= 1;
            // It said nothing in this collection, as it is idle.
            if let Open::Gauges(lasts) = &mut fed.open {
                lasts.remove(&id.index);
            }
        }
    }

    /// All that is open goes out, and gauges that nobody touched if that `repeats_gauges`. Then identities without series
    /// end.
    pub(crate) fn close(
        &mut self,
        repeats_gauges: bool,
        evicted: &EvictedBytes,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        for place in 0..self.fed.len() {
            let Some(fed) = &mut self.fed[place] else {
                continue;
            };
            fed.close(self.collection, self.rule, repeats_gauges, each);
            if fed.series == 0
                && let Some(ended) = self.fed[place].take()
            {
                self.by_key.remove(&ended.key);
                self.free.push(place);
                // Others that have it are data on their way.
                if Arc::strong_count(&ended.identity) > 1 {
                    ended.identity.evict(evicted);
                }
            }
        }
    }

    fn place_of(&mut self, point: &Point<'_>, policy: &SeriesPolicy, names: &NameRules) -> usize {
        let index = point.id.index as usize;
        if index >= self.feeds.len() {
            self.feeds.resize(index + 1, None);
        }
        match self.feeds[index] {
            Some((id, place)) if id == point.id => return place,
            // One that had this index before.
            Some((id, _)) => self.evict(id),
            None => {}
        }
        let kind = MetricKind::of(point.series.kind());
        let key = (kind, self.projection.of(point.series.key()));
        let known = self.by_key.get(&key).copied();
        let place = known.unwrap_or_else(|| {
            let place = self.free.pop().unwrap_or(self.fed.len());
            if place == self.fed.len() {
                self.fed.push(None);
            }
            let merged = Named::Merged(Box::new(key.1.clone()));
            let identity = Identity::checked(merged, policy.defaults(), names);
            let identity = identity.with_settings(policy.settings(point.name));
            self.fed[place] = Some(Fed::new(key.clone(), Arc::new(identity)));
            self.by_key.insert(key, place);
            place
        });
        if let Some(fed) = &mut self.fed[place] {
            fed.series += 1;
        }
        self.feeds[index] = Some((point.id, place));
        place
    }
}

impl Fed {
    fn new(key: (MetricKind, Key), identity: Arc<Identity>) -> Self {
        Self {
            identity,
            latest: None,
            series: 0,
            open: match key.0 {
                MetricKind::Counter => Open::Counter(0),
                MetricKind::Gauge => Open::Gauges(BTreeMap::new()),
                MetricKind::Histogram => Open::Histogram(Buckets::default()),
            },
            samples: 0,
            key,
        }
    }

    fn close(
        &mut self,
        collection: u64,
        rule: Option<GaugeRule>,
        repeats_gauges: bool,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let samples = std::mem::take(&mut self.samples);
        let unit = self.latest.as_ref().and_then(|series| series.unit());
        let mut tell = |what| {
            each(Gained {
                kind: self.key.0,
                identity: &self.identity,
                unit,
                what,
            });
        };
        match &mut self.open {
            Open::Counter(_) | Open::Histogram(_) if samples == 0 => {}
            Open::Counter(sum) => {
                let growth = std::mem::take(sum);
                tell(What::Recorded(Value::Counter(growth), samples));
            }
            Open::Histogram(all) => {
                let all = std::mem::take(all);
                tell(What::Recorded(Value::Histogram(&all), samples));
            }
            Open::Gauges(lasts) => {
                let is_news = samples > 0;
                match merged(lasts, collection, rule) {
                    Some(Ok((last, min, max))) if is_news => {
                        let value = Value::Gauge { last, min, max };
                        tell(What::Recorded(value, 1));
                    }
                    // What cannot be sent is refused when it is recorded, not in every window.
                    Some(Ok((last, ..))) if repeats_gauges && self.identity.refusal().is_none() => {
                        tell(What::Unchanged(last));
                    }
                    Some(Err(reason)) if is_news => tell(What::Refused(&reason, samples)),
                    _ => {}
                }
            }
        }
    }
}

/// Last value, minimum and maximum; none, if no gauge has said anything.
fn merged(
    lasts: &BTreeMap<u32, Said>,
    collection: u64,
    rule: Option<GaugeRule>,
) -> Option<Result<(f64, f64, f64), Refusal>> {
    let values = lasts.values().map(|said| {
        if said.at == collection {
            (said.last, said.min, said.max)
        } else {
            (said.last, said.last, said.last)
        }
    });
    let Some(rule) = rule else {
        let mut values = values;
        let only = values.next()?;
        let is_only = values.next().is_none();
        return Some(is_only.then_some(only).ok_or(Refusal::NoGaugeRule));
    };
    let merged = values.reduce(|one, other| {
        (
            rule.merge(one.0, other.0),
            rule.merge(one.1, other.1),
            rule.merge(one.2, other.2),
        )
    });
    merged.map(Ok)
}

#[cfg(test)]
mod tests;
