//! What an error of `PutMetricData` means, by variant, status and code; never by its text, with one
//! exception: the service names the data at fault in its message alone.

use crate::model::send_result::SendError;
use crate::sinks::put_metric_data::excerpt::{MAX_CODE, MAX_MESSAGE, excerpt};
use crate::sinks::put_metric_data::retry_after::retry_after;
use aws_sdk_cloudwatch::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use std::error::Error;
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Transient,
    Ambiguous,
    Throttled,
    Denied,
    TooLarge,
    Invalid,
    Rejected,
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
        // Whoever refuses by a code of its own means it.
        400..=499 if !matches!(status, 401 | 403 | 408 | 429) => Class::Rejected,
        _ => of_status(status),
    }
}

/// Of answers without a code: a front end's, a proxy's, or a wrong endpoint's.
fn of_status(status: u16) -> Class {
    match status {
        401 | 403 | 407 => Class::Denied,
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

fn class(error: &SdkError<PutMetricDataError>, sent: Departure) -> Class {
    match (error, sent) {
        (SdkError::ConstructionFailure(_), _) => Class::Rejected,
        // There are no credentials, or no HTTP client.
        (SdkError::DispatchFailure(_), Departure::No) => Class::Denied,
        (SdkError::DispatchFailure(failure), _) => match failure.as_connector_error() {
            Some(error) if never_connected(error) => Class::Transient,
            _ => Class::Ambiguous,
        },
        // Credentials, or a connection, took too long.
        (SdkError::TimeoutError(_), Departure::No | Departure::NeverConnected) => Class::Transient,
        (SdkError::ServiceError(answer), _) => {
            let status = answer.raw().status().as_u16();
            let class = answer.err().code().map(|code| of_code(code, status));
            match class.unwrap_or_else(|| of_status(status)) {
                Class::Invalid if answer.err().message().is_some_and(is_of_the_request) => {
                    Class::Rejected
                }
                class => class,
            }
        }
        (SdkError::ResponseError(answer), _) => of_status(answer.raw().status().as_u16()),
        // `TimeoutError`, and what is to come.
        _ => Class::Ambiguous,
    }
}

/// How far the request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It did not leave the SDK.
    No,
    /// It did, but found no connection.
    NeverConnected,
    Perhaps,
}

pub(crate) fn classify(error: &SdkError<PutMetricDataError>, sent: Departure) -> SendError {
    let source = || causes(error).into();
    let code = || excerpt(error.code().unwrap_or_else(|| name(error)), MAX_CODE);
    let message = || match error.message() {
        Some(message) => excerpt(message, MAX_MESSAGE),
        None => causes(error),
    };
    let retry_after = error.raw_response().and_then(retry_after);
    match class(error, sent) {
        // The service itself says that it is too busy, and until when.
        Class::Transient if retry_after.is_some() && status(error) == Some(503) => {
            SendError::Throttled {
                source: source(),
                retry_after,
            }
        }
        Class::Transient => SendError::Transient(source()),
        Class::Ambiguous => SendError::Ambiguous(source()),
        Class::Throttled => SendError::Throttled {
            source: source(),
            retry_after,
        },
        Class::Denied => SendError::Denied(source()),
        Class::TooLarge => SendError::TooLarge(source()),
        Class::Invalid => SendError::Invalid {
            code: code(),
            members: error.message().map(members).unwrap_or_default(),
            message: message(),
        },
        Class::Rejected => SendError::Rejected {
            code: code(),
            message: message(),
        },
    }
}

fn status(error: &SdkError<PutMetricDataError>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// For errors without a code.
fn name(error: &SdkError<PutMetricDataError>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "ConstructionFailure",
        _ => "Unknown",
    }
}

/// What is sent beside `MetricData`.
const OF_THE_REQUEST: &str = "Namespace";

/// Whether the fault is with the request as a whole, as in `… for parameter Namespace is invalid`: no data are
/// to be searched for it. What else is named, or nothing, may be in a datum.
fn is_of_the_request(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    if message.contains("metricdata.") {
        return false;
    }
    // `parameter X`, and `at 'x'` as in validation errors.
    let named = message
        .rsplit_once("parameter ")
        .or_else(|| message.rsplit_once("at '"));
    let name = named.and_then(|(_, after)| {
        let is_end = |next: char| !next.is_ascii_alphanumeric();
        after.split(is_end).next()
    });
    name.is_some_and(|name| name.eq_ignore_ascii_case(OF_THE_REQUEST))
}

/// Where in the request the service finds fault, from 0: it names `MetricData.member.3` from 1.
fn members(message: &str) -> Vec<usize> {
    let mut members: Vec<usize> = message
        .split("MetricData.member.")
        .skip(1)
        .filter_map(|after| {
            let digits = after.split(|next: char| !next.is_ascii_digit()).next()?;
            digits.parse::<usize>().ok()?.checked_sub(1)
        })
        .collect();
    members.sort_unstable();
    members.dedup();
    members
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

/// The error and what caused it, in one line: an `SdkError` alone only says "service error".
fn causes(error: &SdkError<PutMetricDataError>) -> String {
    let all = chain(error)
        .skip(1)
        .fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
    excerpt(&all, MAX_MESSAGE)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        match cause.downcast_ref::<io::Error>() {
            // Its `source` would skip what it carries.
            Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_from_zero() {
        for (message, expected) in [
            (
                "The parameter MetricData.member.3.Value is required.",
                vec![2],
            ),
            (
                "MetricData.member.12.Dimensions.member.1.Value, MetricData.member.2: no; MetricData.member.12",
                vec![1, 11],
            ),
            ("MetricData.member.0 and MetricData.member.x", vec![]),
            ("MetricData.member.99999999999999999999999", vec![]),
            ("The rate is exceeded", vec![]),
        ] {
            assert_eq!(members(message), expected, "{message}");
        }
    }

    #[test]
    fn no_code_is_there_twice() {
        let mut codes: Vec<_> = BY_CODE.iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), BY_CODE.len());
    }

    #[test]
    fn a_parameter_outside_the_data_is_told_from_one_within() {
        for (message, expected) in [
            ("The value : for parameter Namespace is invalid.", true),
            ("The parameter Namespace is required.", true),
            (
                "1 validation error detected: Value '' at 'namespace' failed to satisfy constraint",
                true,
            ),
            // Within, or perhaps.
            (
                "The parameter MetricData.member.3.Value is required.",
                false,
            ),
            (
                "The value Namespace for parameter MetricData.member.1.MetricName is invalid.",
                false,
            ),
            (
                "The parameter MetricData.member.3 is invalid.\nThe parameter Namespace is required.",
                false,
            ),
            ("Value '' at 'metricData.1.member.metricName' failed", false),
            (
                "The value parameter Namespace for parameter MetricName is invalid.",
                false,
            ),
            ("The parameter MetricName is required.", false),
            ("A parameter is invalid.", false),
            ("The namespace", false),
            ("", false),
        ] {
            assert_eq!(is_of_the_request(message), expected, "{message}");
        }
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
