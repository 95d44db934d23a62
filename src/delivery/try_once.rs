//! One attempt to send a parcel, on a task of its own.

use crate::clock::Clock;
use crate::delivery::spooling::Begun;
use crate::model::attempt::{Attempt, ServiceClock};
use crate::model::batch::Batch;
use crate::model::outcome::{SendError, Sent};
use crate::model::sink::AnySink;
use crate::settings::Delivery as Mode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinError;

/// What came of it. Nothing was sent, if there is no result.
pub(crate) struct Tried {
    pub(crate) begun: Begun,
    pub(crate) result: Option<Result<Sent, SendError>>,
    pub(crate) told: Option<ServiceClock>,
}

/// For a sink that knows that its time is up, to say what came of it.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Sends, once it is noted that it begins, if that has to be.
pub(crate) async fn try_once(
    sink: Arc<dyn AnySink>,
    batch: Arc<Batch>,
    begun: Option<impl Future<Output = Begun>>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
) -> Tried {
    let begun = match begun {
        Some(begun) => begun.await,
        None => Begun::Marked,
    };
    let is_unsafe = matches!(begun, Begun::Late(_) | Begun::Failed(_));
    let is_held_back = is_unsafe && batch.delivery() == Mode::AtMostOnce;
    let attempt = Attempt::by_clock(timeout, clock);
    let result = if is_held_back {
        None
    } else {
        Some(send(&*sink, &batch, &attempt).await)
    };
    Tried {
        begun,
        result,
        told: attempt.told(),
    }
}

async fn send(sink: &dyn AnySink, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
    let out_of_time = async {
        attempt.out_of_time().await;
        tokio::time::sleep(LAST_WORD).await;
    };
    tokio::select! {
        biased;
        result = sink.send(batch, attempt) => result,
        () = out_of_time => Err(SendError::Ambiguous("no answer in time".into())),
    }
}

impl Tried {
    pub(crate) fn broken(error: JoinError) -> Self {
        Self {
            begun: Begun::Marked,
            result: Some(Err(SendError::Ambiguous(error.into()))),
            told: None,
        }
    }
}
