//! What comes in: windows of what was recorded, and explicit data.

pub(crate) mod explicit_data;
pub(crate) mod inbox;
#[cfg(test)]
mod inbox_model;
pub(crate) mod intake;
pub(crate) mod window;

/// What threads share the inbox by; its [model](inbox_model) has loom's.
mod inbox_sync {
    pub(crate) use parking_lot::Mutex;
    pub(crate) use tokio::sync::Notify;
}
