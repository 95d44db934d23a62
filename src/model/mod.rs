//! What stages pass to each other, and the trait of those at the end. No logic of a stage's own.

pub(crate) mod amount;
pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod cut;
pub(crate) mod datum;
pub(crate) mod datum_settings;
pub(crate) mod dimension;
pub(crate) mod evicted;
pub(crate) mod guarantee;
pub(crate) mod identity;
pub(crate) mod metric_kind;
pub(crate) mod name_rules;
pub(crate) mod profile;
pub(crate) mod recorded_buckets;
pub(crate) mod refusal;
pub(crate) mod returned;
pub(crate) mod send_result;
pub(crate) mod sink;
pub(crate) mod storage_resolution;
pub(crate) mod trouble;
pub(crate) mod unit;
pub(crate) mod unit_scale;
