//! The service: a request in, a response out, no socket.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use ciborium::Value;
use http::{Request, Response};

use crate::clock::Clock;
use crate::operation::{get_metric_data, get_metric_statistics, list_metrics, put_metric_data};
use crate::received::{ReceivedDatum, ReceivedRequest, Refusal};
use crate::rules;
use crate::store::Store;
use crate::wire::error::ServiceError;
use crate::wire::route::Operation;
use crate::wire::{body, response, route};

/// CloudWatch itself: a function from a request's bytes to a response's, and what it has received.
///
/// [`Local`](crate::Local) puts a server around it. Clones share everything.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    store: Store,
    answered: AtomicU64,
}

impl Service {
    /// A service with nothing received, whose clock is the system's.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// A service with nothing received, with a clock of your own.
    ///
    /// The clock decides which timestamps are too old or too far ahead, and is the time of data
    /// that come without a timestamp.
    #[must_use]
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let (clock, store) = (Arc::new(clock), Store::new());
        Self {
            shared: Arc::new(Shared {
                clock,
                store,
                answered: AtomicU64::new(0),
            }),
        }
    }

    /// Answers a request. Whatever its bytes are, there is a response: errors are responses too.
    #[must_use]
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let number = self.shared.answered.fetch_add(1, Ordering::Relaxed) + 1;
        match self.answer(request) {
            Ok(answer) => response::success(answer.as_ref(), number),
            Err(error) => {
                tracing::debug!(code = error.code, message = error.message, "refused");
                let query_mode = request.headers().get("x-amzn-query-mode");
                let query_mode = query_mode.is_some_and(|value| value == "true");
                response::failure(&error, number, query_mode)
            }
        }
    }

    /// Every datum that was accepted, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedDatum> {
        self.shared.store.data()
    }

    /// At most `most` of the data that were accepted after the first `seen`.
    #[must_use]
    pub fn received_from(&self, seen: usize, most: usize) -> Vec<ReceivedDatum> {
        self.shared.store.data_from(seen, most)
    }

    /// Waits until more than `seen` data were accepted, and returns those after the first `seen`.
    ///
    /// It may be dropped at any time, and loses nothing by it.
    pub async fn received_beyond(&self, seen: usize) -> Vec<ReceivedDatum> {
        self.shared.store.data_beyond(seen).await
    }

    /// Every attempt at `PutMetricData`, accepted or refused, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.store.requests()
    }

    /// Waits until there were more than `seen` attempts at `PutMetricData`, and returns those after
    /// the first `seen`.
    ///
    /// It may be dropped at any time, and loses nothing by it.
    pub async fn requests_beyond(&self, seen: usize) -> Vec<ReceivedRequest> {
        self.shared.store.requests_beyond(seen).await
    }

    fn answer(&self, request: &Request<Bytes>) -> Result<Option<Value>, ServiceError> {
        let now = (self.shared.clock)();
        let store = &self.shared.store;
        let answer = match route::operation(request.method(), request.uri().path())? {
            Operation::PutMetricData => return self.put_metric_data(request, now).map(|()| None),
            Operation::ListMetrics => list_metrics::answer(&body::raw(request)?, store, now),
            Operation::GetMetricStatistics => {
                get_metric_statistics::answer(&body::raw(request)?, store, now)
            }
            Operation::GetMetricData => get_metric_data::answer(&body::raw(request)?, store, now),
        };
        answer.map(Some)
    }

    fn put_metric_data(
        &self,
        request: &Request<Bytes>,
        now: SystemTime,
    ) -> Result<(), ServiceError> {
        let mut attempt = ReceivedRequest {
            wire_bytes: request.body().len(),
            raw_bytes: 0,
            body: Bytes::new(),
            data: 0,
            refusal: None,
        };
        let checked = body::raw(request).and_then(|raw| {
            attempt.raw_bytes = raw.len();
            attempt.body = raw.clone();
            let input = put_metric_data::decode(&raw)?;
            attempt.data = input.data.len();
            rules::check(input, now)
        });
        let (accepted, outcome) = match checked {
            Ok(accepted) => (accepted, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        attempt.refusal = outcome.as_ref().err().map(|error| Refusal {
            status: error.status.as_u16(),
            code: error.code.to_owned(),
            message: error.message.clone(),
        });
        self.shared.store.record(attempt, accepted);
        outcome
    }
}

impl Default for Service {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
