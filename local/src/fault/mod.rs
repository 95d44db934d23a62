//! What can go wrong on the way to CloudWatch and back.

mod body;
pub(crate) mod connector;
mod exchange;
mod plan;

pub(crate) use body::AnswerBody;
pub(crate) use exchange::Exchange;
pub use plan::Faults;

use std::time::Duration;

/// Something that happens to one attempt at `PutMetricData`.
///
/// Of a fault that is not said to be applied, nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// HTTP 400, `Throttling`.
    Throttle,
    /// An answer without an error of the service, as a proxy or a load balancer gives: 500, 502, 503, 504, 408,
    /// 413 and others.
    Status(u16),
    /// An error of the service.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code, such as `AccessDenied`.
        code: String,
        /// The text for people.
        message: String,
    },
    /// HTTP 400, `InvalidParameterValue`, for the value of this member of `MetricData`, from 1.
    InvalidMember(usize),
    /// HTTP 200 with a page of HTML: somebody else answers.
    Unparsable,
    /// Applied, and answered only after this time.
    Latency(Duration),
    /// Never answered.
    Hang,
    /// Applied, and never answered.
    HangAfter,
    /// No connection. Over a socket, where there is one already, it is [`ResetBefore`](Self::ResetBefore).
    Refuse,
    /// The handshake fails. Over a socket, which is plain HTTP here, it is
    /// [`ResetBefore`](Self::ResetBefore); an `https://` endpoint at a plain port fails for real.
    Certificate,
    /// The connection is reset before the request was looked at.
    ResetBefore,
    /// Applied, and then the connection is reset without an answer: nobody knows.
    ResetAfter,
    /// Applied, and the answer breaks off.
    Truncate,
    /// An answer with a megabyte of headers.
    HugeHeaders,
    /// An answer whose body has no end.
    EndlessBody,
    /// An answer whose body has no end, and comes a byte at a time, with this pause between.
    SlowLoris(Duration),
    /// An error of the service, by its headers, whose body has no end. It comes a byte at a time with this pause between;
    /// without one, as fast as it is read.
    EndlessError {
        /// The HTTP status.
        status: u16,
        /// The code, such as `InvalidParameterValue`.
        code: String,
        /// Between two bytes.
        pause: Duration,
    },
    /// HTTP 307 to elsewhere.
    Redirect(String),
    /// Any answer at all, from anybody.
    Answer {
        /// The HTTP status; 502, if it is none.
        status: u16,
        /// Headers. Those that HTTP would not let through, or that are about the connection and the body's length,
        /// are left out.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
}

impl Fault {
    /// HTTP 403, `AccessDenied`.
    #[must_use]
    pub fn access_denied() -> Self {
        Self::error(
            403,
            "AccessDenied",
            "User is not authorized to perform: cloudwatch:PutMetricData",
        )
    }

    /// HTTP 403, `ExpiredToken`.
    #[must_use]
    pub fn expired_token() -> Self {
        Self::error(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        )
    }

    /// HTTP 500, `InternalFailure`.
    #[must_use]
    pub fn internal_failure() -> Self {
        Self::error(500, "InternalFailure", "An internal error occurred")
    }

    /// HTTP 503, `ServiceUnavailable`.
    #[must_use]
    pub fn service_unavailable() -> Self {
        Self::error(503, "ServiceUnavailable", "The service is unavailable")
    }

    /// HTTP 400 with a body of the protocol's media type, whatever its bytes are.
    #[must_use]
    pub fn garbage(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer {
            status: 400,
            headers: vec![("content-type".into(), "application/cbor".into())],
            body: body.into(),
        }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// Whether the data are stored, whatever the sender gets to see.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        matches!(
            self,
            Self::Latency(_) | Self::HangAfter | Self::ResetAfter | Self::Truncate
        )
    }
}
