//! Starting, stopping and asking an exporter; what joins the stages.

pub(crate) mod builder;
pub(crate) mod error;
pub(crate) mod exporter;
pub(crate) mod flush;
pub(crate) mod handle;
mod idle_flush;
pub(crate) mod inbox;
#[cfg(test)]
mod inbox_model;
pub(crate) mod recorder;
pub(crate) mod running;
mod worker;

/// What threads share the inbox by; its [model](inbox_model) has loom's.
mod inbox_sync {
    pub(crate) use parking_lot::Mutex;
    pub(crate) use tokio::sync::Notify;
}
