//! The response: an answer, or an error in its body and in the header that the SDK reads first.

use bytes::Bytes;
use ciborium::Value;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::error::ServiceError;
use super::{MEDIA_TYPE, PROTOCOL, encode, error};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// The answer `None` is that of an operation without output: no body, and no type of one.
pub(crate) fn success(answer: Option<&Value>, request: u64) -> Response<Bytes> {
    respond(StatusCode::OK, answer, request)
}

pub(crate) fn failure(error: &ServiceError, request: u64, query_mode: bool) -> Response<Bytes> {
    let body = encode::structure([
        (
            "__type",
            Some(format!("com.amazonaws.cloudwatch#{}", error::shape(&error.code)).into()),
        ),
        ("message", Some(error.message.as_str().into())),
    ]);
    let mut response = respond(error.status, Some(&body), request);
    if query_mode {
        let fault = if error.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        // A code of somebody's own may be no header's.
        if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", error.code)) {
            response.headers_mut().insert(QUERY_ERROR, value);
        }
    }
    response
}

fn respond(status: StatusCode, body: Option<&Value>, request: u64) -> Response<Bytes> {
    let mut response = Response::new(body.map_or_else(Bytes::new, encode::bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    }
    // Shaped like the service's, but counted, so that a run can be repeated to the byte.
    let id = format!(
        "00000000-0000-4000-8000-{:012x}",
        request & 0xffff_ffff_ffff
    );
    headers.insert(
        REQUEST_ID,
        HeaderValue::from_str(&id).expect("hexadecimal is ASCII"),
    );
    response
}
