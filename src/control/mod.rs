//! Starting, stopping and asking an exporter; what joins the stages.

pub(crate) mod builder;
pub(crate) mod collectors;
pub(crate) mod error;
pub(crate) mod exporter;
pub(crate) mod flush;
pub(crate) mod flush_call;
pub(crate) mod handle;
mod idle_flush;
mod place;
pub(crate) mod recorder;
pub(crate) mod running;
mod shared;
mod worker;
