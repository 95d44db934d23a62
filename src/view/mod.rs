//! What a destination makes of what was recorded: which identity a series feeds, and gauges that are sent again.

mod gauge_repeats;
mod normalize;
mod open_points;
mod projection;
mod series_policy;

pub(crate) use series_policy::SeriesPolicy;

use crate::limits::ValueFault;
use crate::model::evicted::EvictedBytes;
use crate::model::identity::{Identity, Named};
use crate::model::metric_kind::MetricKind;
use crate::model::name_rules::NameRules;
use crate::model::refusal::Refusal;
use crate::settings::Config;
use gauge_repeats::GaugeRepeats;
use metrics::{Key, KeyName, Unit};
use metrics_recording::{Event, NameId, RefusalReason, Series, SeriesId, Snapshotter, Value};
use open_points::OpenPoints;
use projection::Projection;
use std::sync::Arc;
use std::time::SystemTime;

/// What series have to say, and by which identity.
#[derive(Debug)]
pub(crate) struct View {
    snapshotter: Snapshotter,
    policy: Arc<SeriesPolicy>,
    state: State,
}

/// By series, until it is evicted.
#[derive(Debug, Default)]
struct State {
    /// By the index of a [`SeriesId`].
    identities: Vec<Option<Arc<Identity>>>,
    gauges: GaugeRepeats,
    evicted: EvictedBytes,
    /// Of the sink.
    names: NameRules,
    /// Where the destination does not see all labels, and so several series may feed one identity.
    open: Option<OpenPoints>,
}

/// What one identity has to say of a window.
#[derive(Debug)]
pub(crate) struct Gained<'a> {
    pub(crate) kind: MetricKind,
    pub(crate) identity: &'a Arc<Identity>,
    pub(crate) unit: Option<Unit>,
    pub(crate) what: What<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// What was recorded, and how many samples that is.
    Recorded(Value<'a>, u64),
    /// A gauge that nobody touched since it was sent: its last value.
    Unchanged(f64),
    /// Samples of no use, and why.
    Refused(&'a Refusal, u64),
}

impl View {
    /// For a sink with these rules, that sees all labels.
    pub(crate) fn new(
        snapshotter: Snapshotter,
        policy: Arc<SeriesPolicy>,
        names: NameRules,
    ) -> Self {
        Self {
            snapshotter,
            policy,
            state: State {
                names,
                ..State::default()
            },
        }
    }

    /// As its destination is to see it.
    pub(crate) fn projected(mut self, config: &Config) -> Self {
        let projection = Projection::without(&config.hidden_labels);
        let open = || OpenPoints::new(projection, config.gauge_rule);
        self.state.open = (!config.hidden_labels.is_empty()).then(open);
        self
    }

    /// What data take for series that were evicted.
    pub(crate) fn evicted_bytes(&self) -> &EvictedBytes {
        &self.state.evicted
    }

    /// Takes all that was recorded since the last call. `repeats_gauges`: a gauge that nobody touched is sent again,
    /// as the first time in a window.
    pub(crate) fn collect(
        &mut self,
        now: SystemTime,
        repeats_gauges: bool,
        mut each: impl FnMut(Gained<'_>),
    ) {
        let Self {
            snapshotter,
            policy,
            state,
        } = self;
        state.gauges.begin();
        if let Some(open) = &mut state.open {
            open.begin();
        }
        snapshotter.visit(now, |_| true, |event| state.hear(event, policy, &mut each));
        if let Some(open) = &mut state.open {
            open.close(repeats_gauges, &state.evicted, &mut each);
        }
        if repeats_gauges {
            state.gauges.repeat(&mut each);
        }
    }
}

impl State {
    #[inline]
    fn hear(&mut self, event: Event<'_>, policy: &SeriesPolicy, each: &mut impl FnMut(Gained<'_>)) {
        match event {
            Event::Point(point) if let Some(open) = &mut self.open => {
                open.add(&point, policy, &self.names);
            }
            Event::Point(point) => {
                let Self {
                    identities,
                    gauges,
                    names,
                    ..
                } = self;
                let new = |series| {
                    Identity::checked(series, policy.defaults(), names)
                        .with_settings(policy.settings(point.name))
                };
                let identity = identity_of(point.id, point.series, identities, new);
                if let Value::Gauge { last, .. } = point.value {
                    gauges.sent(&point, identity, last);
                }
                each(Gained {
                    kind: MetricKind::of(point.series.kind()),
                    identity,
                    unit: point.series.unit(),
                    what: What::Recorded(point.value, point.samples),
                });
            }
            Event::Evicted(id) if let Some(open) = &mut self.open => open.evict(id),
            Event::Evicted(id) => {
                self.gauges.evict(id);
                let place = self.identities.get_mut(id.index as usize);
                let identity = place.and_then(Option::take);
                // Others that have it are data on their way.
                if let Some(identity) = identity.filter(|identity| Arc::strong_count(identity) > 1)
                {
                    identity.evict(&self.evicted);
                }
            }
            Event::SeriesLimitReached {
                name,
                label,
                wanted,
            } => say_series_limit(policy.name(name), label, wanted),
            Event::NameLimitReached { kind, name } => say_name_limit(MetricKind::of(kind), name),
            Event::Refused {
                kind,
                name,
                series,
                reason,
                samples,
            } => {
                let named = named(policy, name, series, self.open.as_ref());
                refused(MetricKind::of(kind), named, policy, reason, samples, each);
            }
            // Of a later version of recording.
            _ => {}
        }
    }
}

/// Once for each metric and each power of ten.
#[cold]
fn say_series_limit(
    metric: Option<(MetricKind, KeyName)>,
    label: Option<(&str, usize)>,
    wanted: u64,
) {
    let Some((kind, name)) = metric else {
        return;
    };
    let (label, values) = label.unwrap_or(("none", 0));
    tracing::warn!(
        metric = name.as_str(),
        ?kind,
        label,
        values,
        wanted,
        "a metric has no room for more series; new ones go to the series with overflow=\"true\", or are refused"
    );
}

#[cold]
fn say_name_limit(kind: MetricKind, name: &KeyName) {
    tracing::warn!(
        metric = name.as_str(),
        ?kind,
        "there is no room for more metrics; what is recorded to other names is refused"
    );
}

/// What refused samples are listed by.
#[cold]
fn named(
    policy: &SeriesPolicy,
    name: Option<NameId>,
    series: Option<&Arc<Series>>,
    open: Option<&OpenPoints>,
) -> Named {
    if let Some(series) = series {
        return match open {
            Some(open) => Named::Own(Box::new(open.projected(series.key()))),
            None => Named::Series(Arc::clone(series)),
        };
    }
    // Without a number it is one of too many, which have no names here.
    let known = name.and_then(|name| policy.name(name));
    let name = known.map_or(KeyName::from("*"), |(_, name)| name);
    Named::Own(Box::new(Key::from_name(name)))
}

#[cold]
fn refused(
    kind: MetricKind,
    named: Named,
    policy: &SeriesPolicy,
    reason: RefusalReason,
    samples: u64,
    each: &mut impl FnMut(Gained<'_>),
) {
    let identity = Arc::new(Identity::new(named, policy.defaults()));
    each(Gained {
        kind,
        identity: &identity,
        unit: None,
        what: What::Refused(&refusal(reason), samples),
    });
}

/// The identity that a series feeds; made, if it has none yet.
#[inline]
fn identity_of<'a>(
    id: SeriesId,
    series: &Arc<Series>,
    identities: &'a mut Vec<Option<Arc<Identity>>>,
    new: impl FnOnce(Named) -> Identity,
) -> &'a Arc<Identity> {
    let index = id.index as usize;
    if index >= identities.len() {
        identities.resize_with(index + 1, || None);
    }
    let place = &mut identities[index];
    let is_its = |own| Arc::ptr_eq(own, series);
    let own = place.as_ref().and_then(|identity| identity.series());
    if !own.is_some_and(is_its) {
        // There was none, or that of a series that had this index before.
        *place = None;
    }
    place.get_or_insert_with(|| Arc::new(new(Named::Series(Arc::clone(series)))))
}

fn refusal(reason: RefusalReason) -> Refusal {
    match reason {
        RefusalReason::NotANumber => Refusal::Value(ValueFault::NotANumber),
        RefusalReason::Infinite => Refusal::Value(ValueFault::Infinite),
        RefusalReason::OutOfRange => Refusal::Value(ValueFault::OutOfRange),
        RefusalReason::NameLimit => Refusal::NameLimit,
        // All that are left.
        _ => Refusal::SeriesLimit,
    }
}

#[cfg(test)]
mod tests;
