//! An error as the service answers it: status, code and message.

use http::StatusCode;
use std::borrow::Cow;
use thiserror::Error;

/// What a request is refused with.
#[derive(Clone, Debug, Error)]
#[error("{code}: {message}")]
pub(crate) struct ServiceError {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The code that the SDKs read, for example `InvalidParameterValue`.
    pub(crate) code: Cow<'static, str>,
    /// The text for people.
    pub(crate) message: String,
}

/// A request that was understood but breaks a rule, or was not understood at all.
pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> ServiceError {
    refused(StatusCode::BAD_REQUEST, code, message)
}

/// Any other refusal.
pub(crate) fn refused(
    status: StatusCode,
    code: &'static str,
    message: impl Into<String>,
) -> ServiceError {
    ServiceError {
        status,
        code: code.into(),
        message: message.into(),
    }
}

pub(crate) const INVALID_COMBINATION: &str = "InvalidParameterCombination";
pub(crate) const INVALID_NEXT_TOKEN: &str = "InvalidNextToken";
pub(crate) const INVALID_VALUE: &str = "InvalidParameterValue";
pub(crate) const MISSING: &str = "MissingParameter";
pub(crate) const SERIALIZATION: &str = "SerializationException";
pub(crate) const TOO_LARGE: &str = "RequestEntityTooLarge";
pub(crate) const UNKNOWN_OPERATION: &str = "UnknownOperationException";
pub(crate) const VALIDATION: &str = "ValidationError";

/// The name of the error's shape in the service's model, which goes into the body. The code that the
/// SDK's users see is the older one of the query protocol, and travels in a header.
pub(crate) fn shape(code: &str) -> &str {
    match code {
        INVALID_COMBINATION => "InvalidParameterCombinationException",
        INVALID_VALUE => "InvalidParameterValueException",
        MISSING => "MissingRequiredParameterException",
        other => other,
    }
}
