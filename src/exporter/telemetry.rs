//! What the exporter says about itself, in the namespace of all other metrics.

use super::stats::Stats;
use crate::config::Config;
use crate::dimension::Dimensions;
use crate::encode::datum::{DatumValue, MetricDatum};
use crate::registry::{Identity, Origin};
use crate::unit;
use crate::window::Window;
use aws_sdk_cloudwatch::types::StandardUnit;
use metrics::{Key, Label};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

const PREFIX: &str = "metrics_exporter_cloudwatch";

pub(super) struct Telemetry {
    defaults: Dimensions,
    identities: HashMap<(&'static str, Option<&'static str>), Option<Arc<Identity>>>,
    /// What was told so far.
    told: Stats,
}

impl Telemetry {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            defaults: config.default_dimensions.clone(),
            identities: HashMap::new(),
            told: Stats::default(),
        }
    }

    /// What happened since the last time, and how things are.
    pub(super) fn data(
        &mut self,
        stats: &Stats,
        window: Window,
        now: SystemTime,
    ) -> Vec<MetricDatum> {
        let told = std::mem::replace(&mut self.told, stats.clone());
        let mut counts: Vec<(&'static str, Option<&'static str>, u64, u64)> = vec![
            ("requests", None, stats.requests, told.requests),
            (
                "attempts.failed",
                None,
                stats.failed_attempts,
                told.failed_attempts,
            ),
            (
                "attempts.throttled",
                None,
                stats.throttled_attempts,
                told.throttled_attempts,
            ),
            (
                "attempts.ambiguous",
                None,
                stats.ambiguous_attempts,
                told.ambiguous_attempts,
            ),
            ("data.sent", None, stats.sent.data, told.sent.data),
            (
                "data.repeated",
                None,
                stats.repeated.data,
                told.repeated.data,
            ),
            (
                "data.ambiguous",
                None,
                stats.ambiguous.data,
                told.ambiguous.data,
            ),
            ("data.dropped", None, stats.dropped.data, told.dropped.data),
        ];
        for (&reason, &samples) in &stats.samples_refused_by {
            let before = told.samples_refused_by.get(reason).copied();
            let before = before.unwrap_or_default();
            counts.push(("samples.refused", Some(reason), samples, before));
        }
        let age = |since: Option<SystemTime>| {
            let age = now.duration_since(since?).unwrap_or_default();
            Some(age.as_secs_f64())
        };
        let levels = [
            (
                "queue.bytes",
                StandardUnit::Bytes,
                Some(as_float(stats.queue_bytes)),
            ),
            (
                "queue.age",
                StandardUnit::Seconds,
                Some(age(stats.oldest_pending).unwrap_or_default()),
            ),
            (
                "last_success.age",
                StandardUnit::Seconds,
                age(stats.last_success),
            ),
        ];
        let counts = counts
            .into_iter()
            .filter(|(.., after, before)| after > before);
        let counts = counts.map(|(name, reason, after, before)| {
            let value = as_float(after - before);
            (name, reason, StandardUnit::Count, value)
        });
        let levels = levels.into_iter();
        let levels = levels.filter_map(|(name, unit, level)| Some((name, None, unit, level?)));
        counts
            .chain(levels)
            .filter_map(|(name, reason, unit, value)| {
                Some(MetricDatum {
                    identity: self.identity(name, reason)?,
                    timestamp: window.start(),
                    is_by_clock: true,
                    value: DatumValue::Single(value),
                    samples: 0,
                    unit: unit::shared(&unit),
                    storage_resolution: window.resolution(),
                })
            })
            .collect()
    }

    /// None, if the default dimensions leave no room for it.
    fn identity(
        &mut self,
        name: &'static str,
        reason: Option<&'static str>,
    ) -> Option<Arc<Identity>> {
        let known = self.identities.entry((name, reason));
        let identity = known.or_insert_with(|| {
            let labels: Vec<Label> = reason
                .map(|reason| Label::new("reason", reason))
                .into_iter()
                .collect();
            let key = Key::from_parts(format!("{PREFIX}.{name}"), labels);
            let identity = Identity::resolve(Origin::Exporter, key, &self.defaults);
            identity
                .inspect_err(|(_, refusal)| {
                    tracing::warn!("{PREFIX}.{name} cannot be told: {refusal}");
                })
                .ok()
                .map(Arc::new)
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
