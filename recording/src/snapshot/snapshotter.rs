//! Walks all series and takes what they gained.

use super::event::{Event, Interval, Point};
use crate::aggregate::{
    Aggregate, Counter, Gauge, Histogram, RefusedCounts, Scratch, Value, Visit, free_indexes,
};
use crate::refusal_reason::RefusalReason;
use crate::registry::eviction::{self, Idle, LastActive, Moment, Outcome};
use crate::registry::{Cached, Nameless, Recorded, Registry, SeriesMap, free_place, take_place};
use crate::series::{Metric, NameId, SeriesId};
use metrics_util::MetricKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Takes what was recorded by a [`Recorder`](crate::Recorder) and its clones. It cannot be cloned, so that each sample is
/// taken once.
#[derive(Debug)]
pub struct Snapshotter {
    registry: Arc<Registry>,
    /// When arrivals were last taken over.
    last_visit: SystemTime,
    groups: Vec<Group>,
    ids: Ids,
    scratch: Scratch,
    /// How many series metrics beyond their limit wanted when the consumer last heard of it, in the order of the registry.
    told_wanted: Vec<u64>,
    /// How often places had become free when threads were last told.
    heard_freed: u64,
    has_told_names: bool,
}

/// Series that are due together and may be idle for as long.
#[derive(Debug)]
struct Group {
    period: Duration,
    idle_timeout: Option<Duration>,
    visited: SystemTime,
    counters: Vec<Entry<Counter>>,
    gauges: Vec<Entry<Gauge>>,
    histograms: Vec<Entry<Histogram>>,
}

#[derive(Debug)]
struct Entry<A> {
    recorded: Arc<Recorded<A>>,
    id: SeriesId,
    last_active: LastActive,
}

/// Gives each series an index that was given back, or a new one.
#[derive(Debug, Default)]
struct Ids {
    free: Vec<SeriesId>,
    next: u32,
}

/// What one walk over series of one kind has to know.
struct Walk<'w> {
    moment: Moment,
    covers: Interval,
    visit: Visit,
    ids: &'w mut Ids,
    scratch: &'w mut Scratch,
}

impl Snapshotter {
    pub(crate) fn new(registry: Arc<Registry>, start: SystemTime) -> Self {
        Self {
            registry,
            last_visit: start,
            groups: Vec::new(),
            ids: Ids::default(),
            scratch: Scratch::default(),
            told_wanted: Vec::new(),
            heard_freed: 0,
            has_told_names: false,
        }
    }

    /// Visits the series whose [period](crate::MetricPolicy::with_period) is due. `each` gets what they gained since
    /// they were last visited: a [`Point`] for each series that was recorded to, evictions, and what was refused.
    ///
    /// Of a series that is due, this call passes on all that was recorded before the call. What is recorded meanwhile
    /// comes with this call or the next one. No recording thread waits. `each` may record and register metrics.
    ///
    /// `is_due` is asked once for each period that there is. Series of periods that are never due are never evicted.
    pub fn visit(
        &mut self,
        now: SystemTime,
        mut is_due: impl FnMut(Duration) -> bool,
        mut each: impl FnMut(Event<'_>),
    ) {
        self.take_arrivals(now);
        let free = free_indexes();
        let registry = Arc::clone(&self.registry);
        let limited = self.registry.limited_metrics();
        let of_limited = limited.iter().map(|metric| metric.policy.period);
        let of_groups = self.groups.iter().map(|group| group.period);
        let mut periods: Vec<Duration> = of_groups.chain(of_limited).collect();
        periods.sort_unstable();
        periods.dedup();
        periods.retain(|period| is_due(*period));
        for group in &mut self.groups {
            if !periods.contains(&group.period) {
                continue;
            }
            let moment = Moment::new(now, group.idle_timeout);
            let window = moment.window(group.period);
            let mut walk = Walk {
                moment,
                covers: Interval {
                    start: group.visited.min(now),
                    end: now,
                },
                visit: Visit { free, window },
                ids: &mut self.ids,
                scratch: &mut self.scratch,
            };
            group.visited = now;
            walk.visit(&mut group.counters, &registry.counters, &mut each);
            walk.visit(&mut group.gauges, &registry.gauges, &mut each);
            walk.visit(&mut group.histograms, &registry.histograms, &mut each);
        }
        // Those that came to their limit in this visit included.
        let limited = registry.limited_metrics();
        if !limited.is_empty() {
            self.let_look_again();
        }
        self.tell_limits(&limited, &periods, &mut each);
        for metric in &limited {
            if periods.contains(&metric.policy.period) {
                let samples = metric.limit.dropped().take();
                let reason = RefusalReason::SeriesLimit;
                tell_refused(metric.kind, Some(metric.id), reason, samples, &mut each);
            }
        }
        for (kind, samples) in registry.take_nameless_samples() {
            tell_refused(kind, None, RefusalReason::NameLimit, samples, &mut each);
        }
    }

    /// Threads look again for what was beyond a limit, if places became free since.
    fn let_look_again(&mut self) {
        let freed = self.registry.freed();
        if std::mem::replace(&mut self.heard_freed, freed) != freed {
            self.registry.forget_overflows();
        }
    }

    fn tell_limits(
        &mut self,
        limited: &[Arc<Metric>],
        due: &[Duration],
        each: &mut impl FnMut(Event<'_>),
    ) {
        self.told_wanted.resize(limited.len(), 0);
        for (metric, told) in limited.iter().zip(&mut self.told_wanted) {
            if !due.contains(&metric.policy.period) {
                continue;
            }
            let Some(wanted) = metric.limit.wanted() else {
                continue;
            };
            if *told > 0 && wanted < told.saturating_mul(10) {
                continue;
            }
            *told = wanted.max(1);
            let label = self.registry.most_varied_label(metric);
            let label = label.as_ref();
            each(Event::SeriesLimitReached {
                name: metric.id,
                label: label.map(|(name, values)| (name.as_str(), *values)),
                wanted,
            });
        }
        if let Some(Nameless { kind, name }) = self.registry.nameless()
            && !std::mem::replace(&mut self.has_told_names, true)
        {
            each(Event::NameLimitReached { kind: *kind, name });
        }
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        let registry = &self.registry;
        registry.counters.known() + registry.gauges.known() + registry.histograms.known()
    }

    /// Takes over the series that were registered since the last visit.
    fn take_arrivals(&mut self, now: SystemTime) {
        for recorded in self.registry.counters.take_arrivals() {
            let (group, entry) = self.assign(recorded, now);
            push(&mut group.counters, entry);
        }
        for recorded in self.registry.gauges.take_arrivals() {
            let (group, entry) = self.assign(recorded, now);
            push(&mut group.gauges, entry);
        }
        for recorded in self.registry.histograms.take_arrivals() {
            let (group, entry) = self.assign(recorded, now);
            push(&mut group.histograms, entry);
        }
        self.last_visit = now;
    }

    fn assign<A>(&mut self, recorded: Arc<Recorded<A>>, now: SystemTime) -> (&mut Group, Entry<A>) {
        let policy = &recorded.series().metric.policy;
        let (period, idle_timeout) = (policy.period, policy.idle_timeout);
        let is_its = |group: &Group| group.period == period && group.idle_timeout == idle_timeout;
        let position = self.groups.iter().position(is_its).unwrap_or_else(|| {
            self.groups.push(Group {
                period,
                idle_timeout,
                visited: self.last_visit,
                counters: Vec::new(),
                gauges: Vec::new(),
                histograms: Vec::new(),
            });
            self.groups.len() - 1
        });
        let entry = Entry {
            recorded,
            id: self.ids.take(),
            last_active: LastActive::new(Moment::new(now, idle_timeout)),
        };
        (&mut self.groups[position], entry)
    }
}

/// With an eighth to spare: a list that has twice the room it needs is a good part of what a series costs.
fn push<A>(entries: &mut Vec<Entry<A>>, entry: Entry<A>) {
    if entries.len() == entries.capacity() {
        entries.reserve_exact(entries.len() / 8 + 8);
    }
    entries.push(entry);
}

impl Drop for Snapshotter {
    fn drop(&mut self) {
        self.registry.close();
    }
}

fn tell_refused(
    kind: MetricKind,
    name: Option<NameId>,
    reason: RefusalReason,
    samples: u64,
    each: &mut impl FnMut(Event<'_>),
) {
    if samples > 0 {
        each(Event::Refused {
            kind,
            name,
            series: None,
            reason,
            samples,
        });
    }
}

impl Walk<'_> {
    fn visit<A: Cached>(
        &mut self,
        entries: &mut Vec<Entry<A>>,
        map: &SeriesMap<A>,
        each: &mut impl FnMut(Event<'_>),
    ) {
        let mut idle = Vec::new();
        for (position, entry) in entries.iter_mut().enumerate() {
            let aggregate = &entry.recorded.aggregate;
            let is_active = aggregate.may_have_changed() && {
                let (value, refused) = aggregate.take(self.scratch, self.visit);
                entry.report(value, &refused, self.covers, each)
            };
            if let Idle::Due { is_first } = entry.last_active.look(self.moment, is_active) {
                idle.push((position, is_first));
            }
        }
        if !idle.is_empty() {
            self.evict(entries, &idle, map, each);
        }
    }

    /// `idle`: the positions of the series that are due, by rising position, and whether each is evicted for the first time.
    fn evict<A: Cached>(
        &mut self,
        entries: &mut Vec<Entry<A>>,
        idle: &[(usize, bool)],
        map: &SeriesMap<A>,
        each: &mut impl FnMut(Event<'_>),
    ) {
        eviction::uncache(
            idle.iter()
                .map(|(position, _)| &entries[*position].recorded),
        );
        // From the end, so that what takes the position of an entry that went was looked at before.
        for &(position, is_first) in idle.iter().rev() {
            let entry = &mut entries[position];
            let outcome = eviction::evict(map, &mut entry.recorded, self.scratch, self.visit);
            if let Outcome::Active(value, refused) = outcome {
                if is_first {
                    // Nobody heard of its eviction, so that its id stays.
                    entry.last_active = LastActive::new(self.moment);
                }
                entry.report(value, &refused, self.covers, each);
                entry.last_active = LastActive::new(self.moment);
                continue;
            }
            let id = entry.id;
            if is_first {
                free_place(entry.recorded.series());
            }
            if matches!(outcome, Outcome::Gone) {
                entries.swap_remove(position);
                self.ids.give_back(id);
            }
            if is_first {
                each(Event::Evicted(id));
            }
        }
    }
}

impl<A: Aggregate> Entry<A> {
    /// Passes on what was taken. Returns whether there was something.
    #[inline]
    fn report(
        &mut self,
        value: Option<Value<'_>>,
        refused: &RefusedCounts,
        covers: Interval,
        each: &mut impl FnMut(Event<'_>),
    ) -> bool {
        let has_refused = *refused != RefusedCounts::default();
        let is_active = value.is_some() || has_refused;
        if is_active && self.last_active.is_evicted() {
            self.id = self.id.next_generation();
            take_place(self.recorded.series());
        }
        let series = self.recorded.series();
        let refused = RefusalReason::OF_VALUES.into_iter().zip(refused);
        for (reason, &samples) in refused.filter(|_| has_refused) {
            if samples > 0 {
                each(Event::Refused {
                    kind: series.kind(),
                    name: Some(series.name_id()),
                    series: Some(series),
                    reason,
                    samples,
                });
            }
        }
        if let Some(value) = value {
            each(Event::Point(Point {
                id: self.id,
                name: series.name_id(),
                series,
                covers,
                value,
                samples: match value {
                    Value::Counter(growth) => growth,
                    Value::Gauge { .. } => 1,
                    Value::Histogram(buckets) => buckets.count(),
                },
            }));
        }
        is_active
    }
}

impl Ids {
    fn take(&mut self) -> SeriesId {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            SeriesId {
                index: self.next - 1,
                generation: 0,
            }
        })
    }

    fn give_back(&mut self, id: SeriesId) {
        self.free.push(id.next_generation());
    }
}
