//! What was refused, by series and reason.

use crate::model::metric_kind::MetricKind;
use crate::model::refusal::{MAX_LISTED, Refusal, Refused};
use metrics::Key;
use std::collections::{BTreeMap, HashMap};

/// The first [`MAX_LISTED`] series and reasons are listed; beyond that only the reasons count.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    listed: HashMap<(Option<MetricKind>, Key, Refusal), u64>,
    by_reason: BTreeMap<&'static str, u64>,
    is_full: bool,
}

impl Refusals {
    /// Gives those of a series and a reason that are new, and whether the list is full only now.
    pub(crate) fn add<'a>(&mut self, refused: &'a [Refused]) -> (Vec<&'a Refused>, bool) {
        let (mut new, was_full) = (Vec::new(), self.is_full);
        for one in refused {
            let total = self.by_reason.entry(one.reason.name()).or_default();
            *total = total.saturating_add(one.samples);
            let series = (one.kind, one.key.clone(), by_code(&one.reason));
            if let Some(samples) = self.listed.get_mut(&series) {
                *samples = samples.saturating_add(one.samples);
            } else if self.listed.len() < MAX_LISTED {
                self.listed.insert(series, one.samples);
                new.push(one);
            } else {
                self.is_full = true;
            }
        }
        (new, self.is_full && !was_full)
    }

    pub(crate) fn list(&self) -> Vec<Refused> {
        let listed = self.listed.iter();
        let refused = listed.map(|((kind, key, reason), &samples)| Refused {
            kind: *kind,
            key: key.clone(),
            reason: reason.clone(),
            samples,
        });
        refused.collect()
    }

    /// Samples by the name of the reason.
    pub(crate) fn by_reason(&self) -> &BTreeMap<&'static str, u64> {
        &self.by_reason
    }
}

/// A service's messages name places, and would be without end.
fn by_code(reason: &Refusal) -> Refusal {
    match reason {
        Refusal::Rejected { code, .. } => Refusal::Rejected {
            code: code.clone(),
            message: String::new(),
        },
        other => other.clone(),
    }
}
