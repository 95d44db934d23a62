//! The service: a request in, a response out, no socket.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use aws_sdk_cloudwatch::Client;
use bytes::Bytes;
use ciborium::Value;
use http::{Request, Response};

use crate::client;
use crate::clock::Clock;
use crate::fault::connector::in_memory;
use crate::fault::{Fault, Faults};
use crate::operation::{get_metric_data, get_metric_statistics, list_metrics, put_metric_data};
use crate::received::{ReceivedDatum, ReceivedRequest, Refusal};
use crate::rules;
use crate::store::Store;
use crate::wire::error::{self, ServiceError};
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
    faults: Faults,
    answered: AtomicU64,
    takes_any_metric_name: AtomicBool,
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
                faults: Faults::default(),
                answered: AtomicU64::new(0),
                takes_any_metric_name: AtomicBool::new(false),
            }),
        }
    }

    /// Answers a request. Whatever its bytes are, there is a response: errors are responses too. Of the faults
    /// only those by content have a say.
    #[must_use]
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.respond(request, None)
    }

    /// What happens to attempts at `PutMetricData`: by default nothing.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// From now on a metric's name may have any characters, as long as there are 1 to 255 of them.
    ///
    /// The reference says no more than that length. By default a name is ASCII without control characters, and not blank,
    /// as the names of dimensions are: it is not known which of the two the service does.
    pub fn take_any_metric_name(&self) {
        let takes_any = &self.shared.takes_any_metric_name;
        takes_any.store(true, Ordering::Relaxed);
    }

    /// A client of this service without a socket, faults included: the real SDK's, with credentials that are
    /// good for nothing else.
    ///
    /// All that takes time is Tokio's: where that is paused, an hour passes in no time, and a run repeats exactly.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::from_conf(client::config("http://localhost", in_memory(self.clone())))
    }

    pub(crate) fn respond(
        &self,
        request: &Request<Bytes>,
        fault: Option<Fault>,
    ) -> Response<Bytes> {
        match self.answer(request, fault) {
            Ok(answer) => self.dated(response::success(answer.as_ref(), self.number())),
            Err(error) => self.failure(request, &error),
        }
    }

    pub(crate) fn failure(
        &self,
        request: &Request<Bytes>,
        error: &ServiceError,
    ) -> Response<Bytes> {
        tracing::debug!(code = &*error.code, message = error.message, "refused");
        let query_mode = request.headers().get("x-amzn-query-mode");
        let query_mode = query_mode.is_some_and(|value| value == "true");
        self.dated(response::failure(error, self.number(), query_mode))
    }

    /// An attempt that was not answered by the rules.
    pub(crate) fn note(&self, attempt: ReceivedRequest) {
        self.shared.store.record(attempt, Vec::new());
    }

    fn number(&self) -> u64 {
        self.shared.answered.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn dated(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        let now = httpdate::fmt_http_date((self.shared.clock)());
        if let Ok(now) = now.parse() {
            response.headers_mut().insert(http::header::DATE, now);
        }
        response
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

    fn answer(
        &self,
        request: &Request<Bytes>,
        fault: Option<Fault>,
    ) -> Result<Option<Value>, ServiceError> {
        let now = (self.shared.clock)();
        let store = &self.shared.store;
        let answer = match route::operation(request.method(), request.uri().path())? {
            Operation::PutMetricData => {
                return self.put_metric_data(request, now, fault).map(|()| None);
            }
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
        fault: Option<Fault>,
    ) -> Result<(), ServiceError> {
        let mut attempt = ReceivedRequest {
            wire_bytes: request.body().len(),
            raw_bytes: 0,
            body: Bytes::new(),
            data: 0,
            refusal: None,
            fault,
            is_applied: false,
        };
        let checked = body::raw(request).and_then(|raw| {
            attempt.raw_bytes = raw.len();
            attempt.body = raw.clone();
            if self.faults().is_too_large(raw.len()) {
                return Err(body::too_large());
            }
            let input = put_metric_data::decode(&raw)?;
            attempt.data = input.data.len();
            let names = input.data.iter().map(|datum| datum.metric_name.as_deref());
            if let Some(message) = self
                .faults()
                .rejection(names.map(Option::unwrap_or_default))
            {
                return Err(error::bad_request(error::INVALID_VALUE, message));
            }
            let takes_any = &self.shared.takes_any_metric_name;
            rules::check(input, now, takes_any.load(Ordering::Relaxed))
        });
        let (accepted, outcome) = match checked {
            Ok(accepted) => (accepted, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        attempt.refusal = outcome.as_ref().err().map(|error| Refusal {
            status: error.status.as_u16(),
            code: error.code.clone().into_owned(),
            message: error.message.clone(),
        });
        attempt.is_applied = outcome.is_ok();
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
