//! One attempt to send a parcel, on a task of its own.

use crate::delivery::spooling::Begun;
use crate::model::batch::Batch;
use crate::model::sink::{SendError, Sink};
use crate::settings::Delivery as Mode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinError;

/// What came of it. Nothing was sent, if there is no result.
pub(crate) struct Attempt {
    pub(crate) begun: Begun,
    pub(crate) result: Option<Result<(), SendError>>,
}

impl Attempt {
    /// Sends, once it is noted that it begins, if that has to be.
    pub(crate) async fn make(
        sink: Arc<dyn Sink>,
        batch: Arc<Batch>,
        begun: Option<impl Future<Output = Begun>>,
        patience: Duration,
    ) -> Self {
        let begun = match begun {
            Some(begun) => begun.await,
            None => Begun::Marked,
        };
        let is_unsafe = matches!(begun, Begun::Late(_) | Begun::Failed(_));
        let result = if is_unsafe && batch.delivery() == Mode::AtMostOnce {
            None
        } else {
            let answer = tokio::time::timeout(patience, sink.send(&batch)).await;
            Some(answer.unwrap_or_else(|late| Err(SendError::Ambiguous(late.into()))))
        };
        Self { begun, result }
    }

    pub(crate) fn broken(error: JoinError) -> Self {
        Self {
            begun: Begun::Marked,
            result: Some(Err(SendError::Ambiguous(error.into()))),
        }
    }
}
