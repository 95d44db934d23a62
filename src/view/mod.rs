//! What a destination makes of what was recorded: which identity a series feeds, what waits for the end of the window,
//! totals, and gauges that are sent again.

mod gauge_repeats;
mod limit_log;
mod merged_identities;
mod normalize;
mod open_points;
mod own_identities;
mod projection;
mod series_policy;
mod totals;

pub(crate) use limit_log::say_limit;
pub(crate) use series_policy::SeriesPolicy;

use crate::limits::ValueFault;
use crate::model::evicted::EvictedBytes;
use crate::model::identity::{Identity, Named};
use crate::model::metric_kind::MetricKind;
use crate::model::name_rules::NameRules;
use crate::model::profile::{Profile, Temporality};
use crate::model::refusal::Refusal;
use crate::model::returned::Returned;
use crate::settings::Config;
use merged_identities::MergedIdentities;
use metrics::{Key, KeyName, Unit};
use metrics_recording::{Event, NameId, RefusalReason, Series, Value};
use own_identities::OwnIdentities;
use projection::Projection;
use std::sync::Arc;
use std::time::SystemTime;

/// What series have to say to one destination, and by which identity.
#[derive(Debug)]
pub(crate) struct View {
    policy: Arc<SeriesPolicy>,
    /// Of the destination, in the policy.
    number: usize,
    takes_all: bool,
    feeds: Feeds,
    evicted: EvictedBytes,
    /// Of the sink.
    names: NameRules,
}

/// How series feed identities.
#[derive(Debug)]
enum Feeds {
    Own(OwnIdentities),
    Merged(MergedIdentities),
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
    /// All since the start, and how many samples are new in it.
    Total(TotalOf, Value<'a>, u64),
    /// Samples of no use, and why.
    Refused(&'a Refusal, u64),
}

/// Which time a total is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TotalOf {
    pub(crate) start: SystemTime,
    pub(crate) time: SystemTime,
    /// Whether it is the first one of this start.
    pub(crate) begins: bool,
}

impl View {
    /// Of the destination with this number, for a sink of this profile. Totals are of what is recorded from `start` on.
    pub(crate) fn new(
        policy: Arc<SeriesPolicy>,
        number: usize,
        config: &Config,
        profile: &Profile,
        start: SystemTime,
    ) -> Self {
        let merged = || {
            let projection = Projection::without(&config.hidden_labels);
            MergedIdentities::new(projection, config.gauge_rule)
        };
        let feeds = match profile.temporality() {
            Temporality::Cumulative => Feeds::Merged(merged().with_totals_since(start)),
            Temporality::Delta if config.hidden_labels.is_empty() => {
                Feeds::Own(OwnIdentities::default())
            }
            Temporality::Delta => Feeds::Merged(merged()),
        };
        Self {
            policy,
            number,
            takes_all: config.takes.takes_all(),
            feeds,
            evicted: EvictedBytes::default(),
            names: *profile.name_rules(),
        }
    }

    /// What data take for series that were evicted.
    pub(crate) fn evicted_bytes(&self) -> &EvictedBytes {
        &self.evicted
    }

    /// A snapshot begins, of the window that ends at this time or is cut there. Gives whether data are stamped with this
    /// time, not with the window's start.
    pub(crate) fn begin(&mut self, at: SystemTime) -> bool {
        match &mut self.feeds {
            Feeds::Own(_) => false,
            Feeds::Merged(merged) => merged.begin(at),
        }
    }

    /// What a snapshot tells. If it `closes` the window, what need not wait is passed on at once.
    #[inline]
    pub(crate) fn hear(
        &mut self,
        event: &Event<'_>,
        closes: bool,
        each: &mut impl FnMut(Gained<'_>),
    ) {
        let Self {
            policy,
            number,
            takes_all,
            feeds,
            evicted,
            names,
        } = self;
        let takes = |name: NameId| *takes_all || policy.takes(name, *number);
        match event {
            Event::Point(point) => {
                let new = |named| {
                    Identity::checked(named, policy.defaults(), names)
                        .with_settings(policy.settings(point.name))
                };
                if takes(point.name) {
                    match feeds {
                        Feeds::Own(own) => own.add(point, closes, new, each),
                        Feeds::Merged(merged) => merged.add(point, new),
                    }
                }
            }
            Event::Evicted(id) => match feeds {
                Feeds::Own(own) => own.evict(*id, evicted, each),
                Feeds::Merged(merged) => merged.evict(*id, each),
            },
            Event::Refused {
                kind,
                name,
                series,
                reason,
                samples,
            } if name.is_none_or(takes) => {
                let named = self.named(*name, *series);
                let identity = Arc::new(Identity::new(named, self.policy.defaults()));
                each(Gained {
                    kind: MetricKind::of(*kind),
                    identity: &identity,
                    unit: None,
                    what: What::Refused(&refusal(*reason), *samples),
                });
            }
            // Limits are the exporter's; others are of a later version of recording.
            _ => {}
        }
    }

    /// The snapshot is over. If it closes the window, all that is open goes out, and what nobody touched, too, if that
    /// `repeats`.
    pub(crate) fn end(&mut self, closes: bool, repeats: bool, each: &mut impl FnMut(Gained<'_>)) {
        match &mut self.feeds {
            Feeds::Own(own) if closes => own.close(repeats, each),
            Feeds::Own(_) => {}
            Feeds::Merged(merged) => {
                if closes {
                    merged.close(repeats, each);
                }
                merged.end(&self.evicted, each);
            }
        }
    }

    /// Whether there is to be another total of the same start as this one.
    pub(crate) fn goes_on(&self, total: &Returned) -> bool {
        match &self.feeds {
            Feeds::Own(_) => false,
            Feeds::Merged(merged) => merged.goes_on(total),
        }
    }

    /// What refused samples are listed by.
    #[cold]
    fn named(&self, name: Option<NameId>, series: Option<&Arc<Series>>) -> Named {
        if let Some(series) = series {
            return match &self.feeds {
                Feeds::Own(_) => Named::Series(Arc::clone(series)),
                Feeds::Merged(merged) => Named::Own(Box::new(merged.projected(series.key()))),
            };
        }
        // Without a number it is one of too many, which have no names here.
        let known = name.and_then(|name| self.policy.name(name));
        let name = known.map_or(KeyName::from("*"), |(_, name)| name);
        Named::Own(Box::new(Key::from_name(name)))
    }
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
pub(crate) mod tests;
