//! Where several series feed one identity, as the destination does not see all labels, or where an identity has a total.
//!
//! What is kept belongs to the identity, and ends with the last of its series. It takes the identity, its key once more,
//! what is [open](crate::view::open_points), a [total](crate::view::totals) if the destination takes totals, and a
//! gauge's last values for as long as their series live.

use crate::model::evicted::EvictedBytes;
use crate::model::identity::{Identity, Named};
use crate::model::metric_kind::MetricKind;
use crate::model::refusal::Refusal;
use crate::model::returned::Returned;
use crate::settings::gauge_rule::GaugeRule;
use crate::view::open_points::OpenPoint;
use crate::view::projection::Projection;
use crate::view::totals::{RunningTotal, TotalTimes};
use crate::view::{Gained, What};
use metrics::Key;
use metrics_recording::{Point, Series, SeriesId, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

#[derive(Debug)]
pub(crate) struct MergedIdentities {
    projection: Projection,
    rule: Option<GaugeRule>,
    /// Where the destination takes totals.
    times: Option<TotalTimes>,
    /// By the index of a series: which one it is, and the place of its identity.
    feeds: Vec<Option<(SeriesId, usize)>>,
    by_key: HashMap<(MetricKind, Key), usize>,
    /// In the order of their first points.
    fed: Vec<Option<Fed>>,
    free: Vec<usize>,
    /// Places whose last series was evicted in this snapshot.
    orphans: Vec<usize>,
    window: u64,
}

/// An identity, and what its series have to say.
#[derive(Debug)]
struct Fed {
    kind: MetricKind,
    identity: Arc<Identity>,
    /// One of its series, which knows the unit.
    latest: Option<Arc<Series>>,
    /// How many series feed it.
    series: usize,
    /// Of a counter or a histogram.
    open: Option<OpenPoint>,
    total: Option<Box<RunningTotal>>,
    /// Of gauges, by the index of the series, of all that live.
    gauges: BTreeMap<u32, Said>,
    /// Whether one of them said something in this window.
    is_news: bool,
}

/// What a gauge said last.
#[derive(Clone, Copy, Debug)]
struct Said {
    last: f64,
    min: f64,
    max: f64,
    /// In which window.
    window: u64,
}

impl MergedIdentities {
    pub(crate) fn new(projection: Projection, rule: Option<GaugeRule>) -> Self {
        Self {
            projection,
            rule,
            times: None,
            feeds: Vec::new(),
            by_key: HashMap::new(),
            fed: Vec::new(),
            free: Vec::new(),
            orphans: Vec::new(),
            window: 0,
        }
    }

    /// For a destination that takes totals, of what is recorded from now on.
    pub(crate) fn with_totals_since(mut self, start: SystemTime) -> Self {
        self.times = Some(TotalTimes::since(start));
        self
    }

    /// The key as the destination sees it.
    pub(crate) fn projected(&self, key: &Key) -> Key {
        self.projection.of(key)
    }

    /// A snapshot begins at this time. Gives whether the destination takes totals.
    pub(crate) fn begin(&mut self, at: SystemTime) -> bool {
        if let Some(times) = &mut self.times {
            times.begin(at);
        }
        self.times.is_some()
    }

    /// Takes a point in.
    pub(crate) fn add(&mut self, point: &Point<'_>, new: impl FnOnce(Named) -> Identity) {
        let place = self.place_of(point, new);
        let window = self.window;
        let Some(fed) = &mut self.fed[place] else {
            return;
        };
        if !(fed.latest.as_ref()).is_some_and(|latest| Arc::ptr_eq(latest, point.series)) {
            fed.latest = Some(Arc::clone(point.series));
        }
        match (point.value, &mut fed.open) {
            (Value::Gauge { last, min, max }, _) => {
                fed.is_news = true;
                let index = point.id.index;
                let before = fed.gauges.get(&index).filter(|said| said.window == window);
                let said = Said {
                    last,
                    min: before.map_or(min, |said| min.min(said.min)),
                    max: before.map_or(max, |said| max.max(said.max)),
                    window,
                };
                fed.gauges.insert(index, said);
            }
            (value, Some(open)) => open.add(value, point.samples),
            (value, none) => *none = OpenPoint::of(value, point.samples),
        }
    }

    /// A series is evicted. What it said of a gauge does not wait any longer.
    pub(crate) fn evict(&mut self, id: SeriesId, each: &mut impl FnMut(Gained<'_>)) {
        let feed = self.feeds.get_mut(id.index as usize);
        let Some((_, place)) = feed.and_then(|feed| feed.take_if(|(own, _)| *own == id)) else {
            return;
        };
        if let Some(fed) = &mut self.fed[place] {
            let said = fed.gauges.get(&id.index);
            if said.is_some_and(|said| said.window == self.window) {
                fed.tell_gauge(self.window, self.rule, false, each);
            }
            fed.gauges.remove(&id.index);
            fed.series -= 1;
            if fed.series == 0 {
                self.orphans.push(place);
            }
        }
    }

    /// The window ends, or the destination is flushed: all that is open goes out, and gauges and totals that nobody touched
    /// if that `repeats`.
    pub(crate) fn close(&mut self, repeats: bool, each: &mut impl FnMut(Gained<'_>)) {
        for fed in self.fed.iter_mut().flatten() {
            match fed.kind {
                MetricKind::Gauge => fed.tell_gauge(self.window, self.rule, repeats, each),
                MetricKind::Counter | MetricKind::Histogram => {
                    fed.tell_open(self.times, repeats, each);
                }
            }
        }
        self.window += 1;
    }

    /// The snapshot is over: identities end that have no series any more.
    pub(crate) fn end(&mut self, evicted: &EvictedBytes, each: &mut impl FnMut(Gained<'_>)) {
        for place in std::mem::take(&mut self.orphans) {
            let has_come_back = self.fed[place].as_ref().is_none_or(|fed| fed.series > 0);
            if has_come_back {
                continue;
            }
            if let Some(mut ended) = self.fed[place].take() {
                ended.tell_open(self.times, false, each);
                let key = ended.identity.key().clone();
                self.by_key.remove(&(ended.kind, key));
                self.free.push(place);
                // Others that have it are data on their way.
                if Arc::strong_count(&ended.identity) > 1 {
                    ended.identity.evict(evicted);
                }
            }
        }
    }

    /// Whether there is to be another total of the same start as this one.
    pub(crate) fn goes_on(&self, total: &Returned) -> bool {
        let place = self.by_key.get(&(total.kind, total.key.clone()));
        let fed = place.and_then(|place| self.fed[*place].as_ref());
        let its = fed.and_then(|fed| fed.total.as_ref());
        its.is_some_and(|its| its.start() == total.start)
    }

    fn place_of(&mut self, point: &Point<'_>, new: impl FnOnce(Named) -> Identity) -> usize {
        let index = point.id.index as usize;
        if index >= self.feeds.len() {
            self.feeds.resize(index + 1, None);
        }
        if let Some((id, place)) = self.feeds[index]
            && id == point.id
        {
            return place;
        }
        let kind = MetricKind::of(point.series.kind());
        let key = (kind, self.projection.of(point.series.key()));
        let known = self.by_key.get(&key).copied();
        let place = known.unwrap_or_else(|| {
            let place = self.free.pop().unwrap_or(self.fed.len());
            if place == self.fed.len() {
                self.fed.push(None);
            }
            let identity = new(Named::Merged(Box::new(key.1.clone())));
            let start = self.times.map(|times| times.start());
            self.fed[place] = Some(Fed::new(kind, Arc::new(identity), start));
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
    /// With a total from `start` on, if there is one and the destination can take it.
    fn new(kind: MetricKind, identity: Arc<Identity>, start: Option<SystemTime>) -> Self {
        let is_sum = kind != MetricKind::Gauge && identity.refusal().is_none();
        let total = start.filter(|_| is_sum).map(RunningTotal::new);
        Self {
            kind,
            identity,
            latest: None,
            series: 0,
            open: None,
            total: total.map(Box::new),
            gauges: BTreeMap::new(),
            is_news: false,
        }
    }

    /// What was recorded, or the total of it.
    fn tell_open(
        &mut self,
        times: Option<TotalTimes>,
        repeats: bool,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let open = self.open.take();
        let unit = self.latest.as_ref().and_then(|series| series.unit());
        let mut tell = |what: What<'_>| {
            each(Gained {
                kind: self.kind,
                identity: &self.identity,
                unit,
                what,
            });
        };
        if let Some(total) = &mut self.total
            && let Some(times) = times
        {
            total.tell(open, times.now(), repeats, tell);
        } else if let Some(open) = open {
            tell(What::Recorded(open.value(), open.samples()));
        }
    }

    fn tell_gauge(
        &mut self,
        window: u64,
        rule: Option<GaugeRule>,
        repeats: bool,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let is_news = std::mem::take(&mut self.is_news);
        let merged = merged(&self.gauges, window, rule);
        let what = match &merged {
            Some(Ok((last, min, max))) if is_news => {
                let (last, min, max) = (*last, *min, *max);
                What::Recorded(Value::Gauge { last, min, max }, 1)
            }
            // What cannot be sent is refused when it is recorded, not in every window.
            Some(Ok((last, ..))) if repeats && self.identity.refusal().is_none() => {
                What::Unchanged(*last)
            }
            Some(Err(reason)) if is_news => {
                let said = self.gauges.values().filter(|said| said.window == window);
                What::Refused(reason, said.count() as u64)
            }
            _ => return,
        };
        each(Gained {
            kind: self.kind,
            identity: &self.identity,
            unit: self.latest.as_ref().and_then(|series| series.unit()),
            what,
        });
    }
}

/// Last value, minimum and maximum; none, if no gauge has said anything.
fn merged(
    gauges: &BTreeMap<u32, Said>,
    window: u64,
    rule: Option<GaugeRule>,
) -> Option<Result<(f64, f64, f64), Refusal>> {
    let mut values = gauges.values().map(|said| {
        if said.window == window {
            (said.last, said.min, said.max)
        } else {
            (said.last, said.last, said.last)
        }
    });
    let Some(rule) = rule else {
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
