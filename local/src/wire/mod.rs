//! Smithy RPC v2 CBOR over HTTP: request bytes to a CBOR value, answers and errors to response bytes.

pub(crate) mod body;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod error;
mod gzip;
pub(crate) mod place;
pub(crate) mod response;
pub(crate) mod route;

/// The value of the `smithy-protocol` header, on requests and on responses.
const PROTOCOL: &str = "rpc-v2-cbor";
/// The media type of requests and responses.
const MEDIA_TYPE: &str = "application/cbor";
