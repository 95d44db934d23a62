//! What goes over the wire for a request.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use std::time::Duration;

use super::Fault;
use crate::received::ReceivedRequest;
use crate::service::Service;
use crate::wire::error::{self, ServiceError};
use crate::wire::route::{self, Operation};

/// How a server behaves to one request.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// After this time.
    Answer(Response<Bytes>, Duration),
    Silence,
    /// There is no connection.
    Refuse,
    /// A handshake fails.
    Handshake,
    Reset,
    /// The body is longer than what comes of it.
    Truncated(Response<Bytes>),
    HugeHeaders(Response<Bytes>),
    /// A body without end, all at once or with pauses.
    Endless(Response<Bytes>, Duration),
}

impl Service {
    /// Answers a request, or not, as its faults will have it.
    pub(crate) fn exchange(&self, request: &Request<Bytes>) -> Exchange {
        let is_put = matches!(
            route::operation(request.method(), request.uri().path()),
            Ok(Operation::PutMetricData)
        );
        let Some(fault) = is_put.then(|| self.faults().next()).flatten() else {
            return Exchange::Answer(self.respond(request, None), Duration::ZERO);
        };
        if fault.is_applied() {
            let answer = self.respond(request, Some(fault.clone()));
            return match fault {
                Fault::Latency(time) => Exchange::Answer(answer, time),
                Fault::HangAfter => Exchange::Silence,
                Fault::ResetAfter => Exchange::Reset,
                _ => Exchange::Truncated(answer),
            };
        }
        self.note(ReceivedRequest {
            wire_bytes: request.body().len(),
            raw_bytes: 0,
            body: Bytes::new(),
            data: 0,
            refusal: None,
            fault: Some(fault.clone()),
            is_applied: false,
        });
        let plain = |status: u16, body: &'static str| {
            let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            answer
        };
        let error = |status: u16, code: String, message: String| {
            let error = ServiceError {
                status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                code: code.into(),
                message,
            };
            self.failure(request, &error)
        };
        let answer = match fault {
            Fault::Throttle => error(400, "Throttling".into(), "Rate exceeded".into()),
            Fault::Error {
                status,
                code,
                message,
            } => error(status, code, message),
            Fault::InvalidMember(number) => error(
                400,
                error::INVALID_VALUE.into(),
                format!("The value for parameter MetricData.member.{number}.Value is invalid."),
            ),
            Fault::Status(status) => plain(status, ""),
            Fault::Unparsable => plain(200, "<html>Please log in</html>"),
            Fault::Redirect(location) => {
                let mut answer = plain(307, "");
                if let Ok(location) = location.parse() {
                    answer.headers_mut().insert(header::LOCATION, location);
                }
                answer
            }
            Fault::Answer {
                status,
                headers,
                body,
            } => any(status, headers, body),
            Fault::Refuse => return Exchange::Refuse,
            Fault::Certificate => return Exchange::Handshake,
            Fault::ResetBefore => return Exchange::Reset,
            Fault::HugeHeaders => return Exchange::HugeHeaders(plain(200, "")),
            Fault::EndlessBody => return Exchange::Endless(plain(200, ""), Duration::ZERO),
            Fault::EndlessError {
                status,
                code,
                pause,
            } => return Exchange::Endless(error(status, code, String::new()), pause),
            Fault::SlowLoris(pause) => return Exchange::Endless(plain(200, ""), pause),
            _ => return Exchange::Silence,
        };
        Exchange::Answer(answer, Duration::ZERO)
    }
}

/// What HTTP itself needs of an answer is not up to who writes it.
const FRAMING: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
];

fn any(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in headers {
        let (Ok(name), Ok(value)) = (name.parse(), HeaderValue::try_from(value)) else {
            continue;
        };
        if !FRAMING.contains(&name) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}
