//! A total that came to nothing, as it was refused, dropped or given up: its samples are in the next one.

use crate::model::datum::Datum;
use crate::model::identity::Identity;
use crate::model::metric_kind::MetricKind;
use std::sync::Arc;
use std::time::SystemTime;

#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub(crate) identity: Arc<Identity>,
    pub(crate) kind: MetricKind,
    pub(crate) start: SystemTime,
    /// Whether it is where the total begins.
    pub(crate) is_zero: bool,
    pub(crate) samples: u64,
}

impl Returned {
    /// None, if that is no total.
    pub(crate) fn of(datum: &Datum) -> Option<Self> {
        Some(Self {
            start: datum.total()?.start(),
            kind: datum.origin.kind()?,
            identity: Arc::clone(&datum.identity),
            is_zero: datum.is_zero(),
            samples: datum.samples,
        })
    }
}
