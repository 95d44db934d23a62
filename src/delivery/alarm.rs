//! Waits for a time that may never come.

use tokio::time::Instant;

/// Until then, or for ever where there is none.
pub(crate) async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
