//! A total that came to nothing, as it was refused, dropped or given up: the next one has what it had.

use crate::model::datum::Datum;
use crate::model::metric_kind::MetricKind;
use metrics::Key;
use std::time::SystemTime;

#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub(crate) kind: MetricKind,
    pub(crate) key: Key,
    pub(crate) start: SystemTime,
    pub(crate) begins: bool,
    pub(crate) samples: u64,
}

impl Returned {
    /// None, if that is no total.
    pub(crate) fn of(datum: &Datum) -> Option<Self> {
        let total = datum.total()?;
        Some(Self {
            kind: datum.origin.kind()?,
            key: datum.identity.key().clone(),
            start: total.start(),
            begins: total.begins(),
            samples: datum.samples,
        })
    }
}
