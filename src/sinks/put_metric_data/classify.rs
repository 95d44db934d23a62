//! What an error of `PutMetricData` means, by variant, status and code; never by its text, with one
//! exception: the service names the data at fault in its message alone.

use crate::model::send_result::SendError;
use crate::sinks::put_metric_data::excerpt::{MAX_CODE, MAX_MESSAGE, excerpt};
use crate::sinks::put_metric_data::failure_text::{causes, chain, line, of_answer};
use crate::sinks::put_metric_data::message::{beginning, is_of_the_request, members};
use crate::sinks::put_metric_data::seen::{Departure, Head, Seen};
use aws_sdk_cloudwatch::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use std::io;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Transient,
    Ambiguous,
    Throttled,
    Denied,
    TooLarge,
    Invalid,
    Misdirected,
}

/// Codes that an answer names. They go before its status.
const BY_CODE: &[(&str, Class)] = &[
    ("Throttling", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("ThrottledException", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("RequestThrottledException", Class::Throttled),
    ("TooManyRequestsException", Class::Throttled),
    ("RequestLimitExceeded", Class::Throttled),
    ("BandwidthLimitExceeded", Class::Throttled),
    ("LimitExceeded", Class::Throttled),
    ("LimitExceededException", Class::Throttled),
    ("ProvisionedThroughputExceededException", Class::Throttled),
    ("EC2ThrottledException", Class::Throttled),
    ("PriorRequestNotComplete", Class::Throttled),
    ("TransactionInProgressException", Class::Throttled),
    ("SlowDown", Class::Throttled),
    ("AccessDenied", Class::Denied),
    ("AccessDeniedException", Class::Denied),
    ("AuthFailure", Class::Denied),
    ("ExpiredToken", Class::Denied),
    ("ExpiredTokenException", Class::Denied),
    ("IncompleteSignature", Class::Denied),
    ("InvalidClientTokenId", Class::Denied),
    ("InvalidSignatureException", Class::Denied),
    ("MissingAuthenticationToken", Class::Denied),
    ("NotAuthorized", Class::Denied),
    ("OptInRequired", Class::Denied),
    ("RequestExpired", Class::Denied),
    ("RequestTimeTooSkewed", Class::Denied),
    ("SignatureDoesNotMatch", Class::Denied),
    ("UnrecognizedClientException", Class::Denied),
    ("RequestEntityTooLarge", Class::TooLarge),
    ("InvalidParameterValue", Class::Invalid),
    ("InvalidParameterCombination", Class::Invalid),
    ("InvalidFormat", Class::Invalid),
    ("MissingParameter", Class::Invalid),
    ("MissingRequiredParameter", Class::Invalid),
    ("ValidationError", Class::Invalid),
    ("ValidationException", Class::Invalid),
    ("SerializationException", Class::Invalid),
    // The service itself says that it did not begin, or did not get all of it.
    ("ServiceUnavailable", Class::Transient),
    ("ServiceUnavailableException", Class::Transient),
    ("RequestTimeout", Class::Transient),
    ("RequestTimeoutException", Class::Transient),
    ("InternalFailure", Class::Ambiguous),
    ("InternalServiceError", Class::Ambiguous),
    ("InternalServiceFault", Class::Ambiguous),
];

fn of_code(code: &str, status: u16) -> Class {
    let known = BY_CODE.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| of_another_code(status), |&(_, class)| class)
}

/// What is left of the answers that name a code.
fn of_another_code(status: u16) -> Class {
    match status {
        // Whoever refuses by a code that has nothing to do with data did not look at them.
        400..=499 if !matches!(status, 401 | 403 | 408 | 429) => Class::Misdirected,
        _ => of_status(status),
    }
}

/// Of answers without a code: a front end's, a proxy's, or a wrong endpoint's.
fn of_status(status: u16) -> Class {
    match status {
        401 | 403 | 407 => Class::Denied,
        // No such place, no such method, gone, not for this host: a wrong endpoint. Not paid, or not by law: its owner's.
        402 | 404..=406 | 410 | 411 | 414 | 415 | 421 | 426 | 451 => Class::Misdirected,
        413 => Class::TooLarge,
        429 => Class::Throttled,
        // Proxies time out and lose their upstream in the middle of a request too, and say so by these.
        408 | 503 => Class::Ambiguous,
        // Who sends on (3xx), refuses (4xx), or cannot do such a thing at all (501, 505) did not do it.
        300..=499 | 501 | 505 => Class::Transient,
        // 2xx that make no sense; 500, 502, 504 and others say nothing of how far the request came.
        _ => Class::Ambiguous,
    }
}

/// What an answer that is an error says.
struct Refused {
    status: u16,
    code: Option<String>,
    message: Option<String>,
    is_cut: bool,
    retry_after: Option<Duration>,
}

impl Refused {
    /// By the SDK, as far as it understood the answer; else by what was seen of it.
    fn of(error: &SdkError<PutMetricDataError>, seen: &Seen) -> Option<Self> {
        let is_answer = matches!(
            error,
            SdkError::ServiceError(_) | SdkError::ResponseError(_)
        );
        let head = seen.answer().filter(|_| is_answer)?;
        let code = error.code().map(str::to_owned);
        // A success that is none says why in its causes alone.
        let is_broken = head.status < 300;
        let causes = || is_broken.then(|| causes(error));
        let message = error.message().map(str::to_owned).or_else(causes);
        Some(Self::by(head, code, message))
    }

    fn by(head: Head, code: Option<String>, message: Option<String>) -> Self {
        let part = head.body.part();
        let is_cut = message.is_none() && part.is_some();
        let code = code.or(head.code);
        Self {
            status: head.status,
            message: message
                .or_else(|| part.filter(|_| code.is_some()).map(|part| beginning(&part))),
            code,
            is_cut,
            retry_after: head.retry_after,
        }
    }

    fn class(&self) -> Class {
        let Some(code) = &self.code else {
            return of_status(self.status);
        };
        match of_code(code, self.status) {
            // A success by its status is none by what it says.
            _ if (200..300).contains(&self.status) => Class::Ambiguous,
            Class::Invalid if self.message.as_deref().is_some_and(is_of_the_request) => {
                Class::Misdirected
            }
            class => class,
        }
    }

    fn into_error(self, seen: &Seen) -> SendError {
        let (class, retry_after) = (self.class(), self.retry_after);
        let message = self.message.unwrap_or_default();
        let code = self.code.as_deref().map(|code| excerpt(code, MAX_CODE));
        if class == Class::Invalid {
            return SendError::Invalid {
                members: members(&message, self.is_cut),
                code: code.unwrap_or_default(),
                message: excerpt(&message, MAX_MESSAGE),
            };
        }
        let source = of_answer(self.status, seen.host(), code.as_deref(), &message);
        match class {
            // The service itself says that it is too busy, and until when.
            Class::Transient if retry_after.is_some() && self.status == 503 => {
                SendError::Throttled {
                    source,
                    retry_after,
                }
            }
            Class::Transient => SendError::Transient(source),
            Class::Ambiguous | Class::Invalid => SendError::Ambiguous(source),
            Class::Throttled => SendError::Throttled {
                source,
                retry_after,
            },
            Class::Denied => SendError::Denied(source),
            Class::TooLarge => SendError::TooLarge(source),
            Class::Misdirected => SendError::Misdirected(source),
        }
    }
}

/// What became of a request that the SDK gave up.
pub(crate) fn classify(error: &SdkError<PutMetricDataError>, seen: &Seen) -> SendError {
    if let Some(refused) = Refused::of(error, seen) {
        return refused.into_error(seen);
    }
    let (host, causes) = (seen.host(), causes(error));
    let region = format!("region {:?}", excerpt(seen.region(), MAX_CODE));
    match (error, seen.departure()) {
        (SdkError::ConstructionFailure(_), _) => {
            SendError::Misdirected(line(&format!("no request for {region}: {causes}")))
        }
        (SdkError::DispatchFailure(_), Departure::NoEndpoint) => {
            SendError::Misdirected(line(&format!("no endpoint for {region}: {causes}")))
        }
        // Or no HTTP client.
        (SdkError::DispatchFailure(_), Departure::NoCredentials) => {
            SendError::Denied(line(&format!("no credentials: {causes}")))
        }
        (SdkError::DispatchFailure(failure), _) => match failure.as_connector_error() {
            Some(error) if never_connected(error) => {
                SendError::Transient(line(&format!("no connection to {host}: {causes}")))
            }
            _ => SendError::Ambiguous(line(&format!("no answer from {host}: {causes}"))),
        },
        _ => out_of_time(seen),
    }
}

/// What became of a request whose time is up.
pub(crate) fn out_of_time(seen: &Seen) -> SendError {
    // An error whose end does not come is an error nevertheless.
    if let Some(head) = seen.answer().filter(|head| head.status >= 400) {
        return Refused::by(head, None, None).into_error(seen);
    }
    let host = seen.host();
    match seen.departure() {
        Departure::NoCredentials | Departure::NoEndpoint => {
            SendError::Transient("no credentials in time".into())
        }
        Departure::NeverConnected => {
            SendError::Transient(format!("no connection to {host} in time").into())
        }
        Departure::Perhaps => SendError::Ambiguous(format!("no answer from {host} in time").into()),
    }
}

/// No connection, no request: no name, no route, no listener, no handshake.
fn never_connected(error: &ConnectorError) -> bool {
    chain(error).any(|cause| {
        let client = cause.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        // Other HTTP clients than the SDK's own.
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        kind.is_some_and(|kind| {
            matches!(
                kind,
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::NetworkDown
                    | io::ErrorKind::AddrNotAvailable
                    | io::ErrorKind::AddrInUse
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_there_twice() {
        let mut codes: Vec<_> = BY_CODE.iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), BY_CODE.len());
    }

    #[test]
    fn the_sdks_own_lists_are_in_the_table() {
        use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
        for code in THROTTLING_ERRORS {
            assert_eq!(of_code(code, 400), Class::Throttled, "{code}");
        }
        for code in TRANSIENT_ERRORS {
            assert_eq!(of_code(code, 400), Class::Transient, "{code}");
        }
        // `TRANSIENT_ERROR_STATUS_CODES` in `aws-smithy-runtime/src/client/retries/classifiers.rs`.
        for status in [500, 502, 503, 504] {
            assert_eq!(of_status(status), Class::Ambiguous, "{status}");
            assert_eq!(of_another_code(status), Class::Ambiguous, "{status}");
        }
    }
}
