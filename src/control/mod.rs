//! Starting, stopping and asking an exporter; what joins the stages.

mod abrupt_end;
pub(crate) mod builder;
pub(crate) mod collectors;
pub(crate) mod error;
pub(crate) mod exporter;
pub(crate) mod flush;
pub(crate) mod flush_call;
pub(crate) mod handle;
mod idle_flush;
mod milestones;
pub(crate) mod pipeline;
mod place;
mod put;
pub(crate) mod recorder;
pub(crate) mod running;
pub(crate) mod shared;
mod silence;
pub(crate) mod worker;
