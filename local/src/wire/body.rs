//! From a request to the raw bytes of its body: protocol headers, compression, size.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use http::{Request, StatusCode};

use super::error::{self, ServiceError};
use super::gzip::{self, Gunzipped};
use super::{MEDIA_TYPE, PROTOCOL};

/// The limit of a request's body, "1 MB" in the API reference of `PutMetricData`. The reference does
/// not say whether before or after compression: here it is before, the stricter reading.
pub(crate) const MAX_RAW_BYTES: usize = 1_000_000;

/// What may be on the wire: a body within the limit that compression made longer, not shorter
/// (header and trailer, and 5 bytes for every block of up to 64 KiB that is stored as it is).
pub(crate) const MAX_WIRE_BYTES: usize = MAX_RAW_BYTES + 1_024;

pub(crate) fn raw(request: &Request<Bytes>) -> Result<Bytes, ServiceError> {
    if header(request, &HeaderName::from_static("smithy-protocol")) != Some(PROTOCOL) {
        return Err(error::bad_request(
            "UnsupportedProtocol",
            format!("The header smithy-protocol must be {PROTOCOL}."),
        ));
    }
    if header(request, &CONTENT_TYPE).is_none_or(|found| !found.eq_ignore_ascii_case(MEDIA_TYPE)) {
        return Err(unsupported(format!(
            "The header content-type must be {MEDIA_TYPE}."
        )));
    }
    let wire = request.body();
    if wire.len() > MAX_WIRE_BYTES {
        return Err(too_large());
    }
    let compressed = request.headers().contains_key(CONTENT_ENCODING);
    let raw = match header(request, &CONTENT_ENCODING) {
        None if !compressed => wire.clone(),
        Some("gzip") => match gzip::gunzip(wire, MAX_RAW_BYTES) {
            Ok(Gunzipped::Whole(raw)) => raw.into(),
            Ok(Gunzipped::OverLimit) => return Err(too_large()),
            Err(cause) => {
                return Err(error::bad_request(
                    error::SERIALIZATION,
                    format!("The body is not gzip, though its content-encoding says so: {cause}."),
                ));
            }
        },
        _ => {
            return Err(unsupported(
                "The header content-encoding must be gzip, or absent.",
            ));
        }
    };
    if raw.len() > MAX_RAW_BYTES {
        return Err(too_large());
    }
    Ok(raw)
}

/// The one value of a header; of a header given twice, or not in ASCII, there is none.
fn header<'r>(request: &'r Request<Bytes>, name: &HeaderName) -> Option<&'r str> {
    let mut values = request.headers().get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn unsupported(message: impl Into<String>) -> ServiceError {
    error::refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        message,
    )
}

pub(crate) fn too_large() -> ServiceError {
    error::refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        error::TOO_LARGE,
        format!("The body must not be longer than {MAX_RAW_BYTES} bytes before compression."),
    )
}
