//! One attempt to send a batch, on a task of its own.

use crate::delivery::wait_log::WaitLog;
use crate::model::attempt::{Attempt, ServiceClock, UNSAID_LOAD};
use crate::model::batch::Batch;
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::AnySink;
use metrics_timeit::uncounted;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinError;

/// For a sink that knows that its time is up, to say what came of it.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What came of it.
pub(crate) struct Tried {
    pub(crate) result: Result<Sent, SendError>,
    pub(crate) told: Option<ServiceClock>,
}

pub(crate) async fn try_once(
    sink: Arc<dyn AnySink>,
    batch: Arc<Batch>,
    attempt: Attempt,
    wait_log: WaitLog,
) -> Tried {
    let out_of_time = async {
        attempt.out_of_time().await;
        tokio::time::sleep(LAST_WORD).await;
    };
    let notice = async {
        tokio::time::sleep(UNSAID_LOAD).await;
        if attempt.is_awaiting_credentials() {
            wait_log.waits(UNSAID_LOAD);
        }
        std::future::pending::<()>().await;
    };
    let out_of_time = async {
        tokio::select! {
            () = out_of_time => {}
            () = notice => {}
        }
    };
    // What the sink times is not the application's work.
    let mut sending = uncounted(|| sink.send(&batch, &attempt));
    let sending = poll_fn(|context| uncounted(|| sending.as_mut().poll(context)));
    let result = tokio::select! {
        biased;
        result = sending => result,
        () = out_of_time => Err(SendError::Ambiguous("no answer in time".into())),
    };
    let told = attempt.told();
    Tried { result, told }
}

impl Tried {
    pub(crate) fn broken(error: JoinError) -> Self {
        Self {
            result: Err(SendError::Ambiguous(error.into())),
            told: None,
        }
    }
}
