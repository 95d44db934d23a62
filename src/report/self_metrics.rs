//! What the exporter says about itself, in the namespace of all other metrics. Each destination is told of all, so that one
//! that fails is seen elsewhere.

use crate::model::datum::{Datum, DatumValue};
use crate::model::dimension::Dimensions;
use crate::model::identity::{Identity, Named, Origin};
use crate::model::name_rules::NameRules;
use crate::model::unit::Unit;
use crate::reduce::Stamp;
use crate::report::stats::Stats;
use crate::settings::Config;
use crate::settings::matcher::Metric;
use crate::settings::metric_filter::MetricFilter;
use crate::settings::metric_settings::MetricRules;
use metrics::{Key, Label};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

const PREFIX: &str = "metrics_exporter_cloudwatch";

/// What is counted since the start.
type Count = fn(&Stats) -> u64;

const COUNTS: [(&str, Count); 10] = [
    ("requests", |stats| stats.requests),
    ("attempts.failed", |stats| stats.failed_attempts),
    ("attempts.throttled", |stats| stats.throttled_attempts),
    ("attempts.ambiguous", |stats| stats.ambiguous_attempts),
    ("data.delivered", |stats| stats.delivered.data),
    ("data.handed_over", |stats| stats.handed_over.data),
    ("data.repeated", |stats| stats.repeated.data),
    ("data.ambiguous", |stats| stats.ambiguous.data),
    ("data.dropped", |stats| stats.dropped.data),
    ("journal.lost_records", |stats| stats.lost_records),
];

pub(crate) struct SelfMetrics {
    defaults: Arc<Dimensions>,
    rules: Arc<MetricRules>,
    /// Of the sink.
    names: NameRules,
    takes: MetricFilter,
    identities: HashMap<IdentityKey, Option<Arc<Identity>>>,
    /// What was told so far, of each destination.
    told: HashMap<Arc<str>, Stats>,
}

/// The name, the reason of refusals, and the destination, if there are several.
type IdentityKey = (&'static str, Option<&'static str>, Option<Arc<str>>);

/// What is told of one destination.
pub(crate) struct Account {
    pub(crate) destination: Arc<str>,
    pub(crate) stats: Stats,
    pub(crate) has_journal: bool,
}

impl SelfMetrics {
    pub(crate) fn new(config: &Config, names: NameRules) -> Self {
        Self {
            defaults: Arc::clone(&config.default_dimensions),
            rules: Arc::clone(&config.metrics),
            names,
            takes: config.takes.clone(),
            identities: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// What happened since the last time, and how things are.
    pub(crate) fn data(&mut self, all: &[Account], stamp: Stamp, now: SystemTime) -> Vec<Datum> {
        let has_several = all.len() > 1;
        let data = all.iter().flat_map(|account| {
            let destination = has_several.then(|| Arc::clone(&account.destination));
            self.data_of(account, destination.as_ref(), stamp, now)
        });
        data.collect()
    }

    fn data_of(
        &mut self,
        account: &Account,
        destination: Option<&Arc<str>>,
        stamp: Stamp,
        now: SystemTime,
    ) -> Vec<Datum> {
        let stats = &account.stats;
        let told = (self.told).insert(Arc::clone(&account.destination), stats.clone());
        let told = told.unwrap_or_default();
        let mut counts: Vec<(&'static str, Option<&'static str>, u64, u64)> = COUNTS
            .iter()
            .map(|(name, count)| (*name, None, count(stats), count(&told)))
            .collect();
        for (&reason, &samples) in &stats.refused_by {
            let before = told.refused_by.get(reason).copied();
            counts.push((
                "samples.refused",
                Some(reason),
                samples,
                before.unwrap_or_default(),
            ));
        }
        let age = |since: Option<SystemTime>| {
            let age = now.duration_since(since?).unwrap_or_default();
            Some(age.as_secs_f64())
        };
        let levels = [
            (
                "queue.bytes",
                Unit::Bytes,
                Some(as_float(stats.queue_bytes)),
            ),
            (
                "queue.age",
                Unit::Seconds,
                Some(age(stats.oldest_pending).unwrap_or_default()),
            ),
            ("last_success.age", Unit::Seconds, age(stats.last_success)),
            (
                "journal.bytes",
                Unit::Bytes,
                (account.has_journal).then(|| as_float(stats.journal_bytes)),
            ),
        ];
        let counts = counts
            .into_iter()
            .filter(|(.., after, before)| after > before);
        let counts = counts.map(|(name, reason, after, before)| {
            let value = as_float(after - before);
            (name, reason, Unit::Count, value)
        });
        let levels = levels.into_iter();
        let levels = levels.filter_map(|(name, unit, level)| Some((name, None, unit, level?)));
        counts
            .chain(levels)
            .filter_map(|(name, reason, unit, value)| {
                Some(Datum {
                    identity: self.identity(name, reason, destination)?,
                    origin: Origin::Exporter,
                    timestamp: stamp.timestamp,
                    is_by_clock: true,
                    value: DatumValue::Number(value),
                    samples: 0,
                    unit: Some(unit),
                    storage_resolution: stamp.storage_resolution,
                })
            })
            .collect()
    }

    /// None, if the destination does not take it, or the default dimensions leave no room for it.
    fn identity(
        &mut self,
        name: &'static str,
        reason: Option<&'static str>,
        destination: Option<&Arc<str>>,
    ) -> Option<Arc<Identity>> {
        let known = self.identities.entry((name, reason, destination.cloned()));
        let identity = known.or_insert_with(|| {
            let reason = reason.map(|reason| Label::new("reason", reason));
            let destination = destination.map(|name| Label::new("destination", Arc::clone(name)));
            let labels: Vec<Label> = reason.into_iter().chain(destination).collect();
            let key = Key::from_parts(format!("{PREFIX}.{name}"), labels);
            let metric = Metric::of_name(key.name());
            if !self.takes.takes(&metric) {
                return None;
            }
            let settings = self.rules.data(&metric);
            let named = Named::Exporter(Box::new(key));
            let identity =
                Identity::checked(named, &self.defaults, &self.names).with_settings(settings);
            if let Some(refusal) = identity.refusal() {
                tracing::warn!("{PREFIX}.{name} cannot be told: {refusal}");
                return None;
            }
            Some(Arc::new(identity))
        });
        identity.clone()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "CloudWatch's numbers are floats"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
