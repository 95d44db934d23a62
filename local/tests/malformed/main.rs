//! What no SDK sends. The handler answers it with an error, whatever it is.

mod arbitrary;
mod structure;

use std::io::Write;

use bytes::Bytes;
use ciborium::{Value, cbor};
use cloudwatch_local::Service;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response};

const PREFIX: &str = "/service/GraniteServiceVersion20100801/operation/";

/// A request that is right in everything but, perhaps, its body.
fn put(body: impl Into<Bytes>) -> Request<Bytes> {
    to("PutMetricData", body)
}

fn to(operation: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(format!("{PREFIX}{operation}"))
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("x-amzn-query-mode", "true")
        .body(body.into())
        .unwrap()
}

fn valid() -> Value {
    cbor!({ "Namespace" => "n", "MetricData" => [{ "MetricName" => "m", "Value" => 1.0 }] })
        .unwrap()
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Status, code and message of an error.
fn error(response: &Response<Bytes>) -> (u16, String, String) {
    let body: Value = ciborium::from_reader(response.body().as_ref()).unwrap();
    let member = |name: &str| {
        let entries = body.as_map().unwrap();
        let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
        found.unwrap().1.as_text().unwrap().to_owned()
    };
    let kind = member("__type");
    let code = match response.headers().get("x-amzn-query-error") {
        Some(header) => header
            .to_str()
            .unwrap()
            .strip_suffix(";Sender")
            .unwrap()
            .to_owned(),
        None => kind.split_once('#').unwrap().1.to_owned(),
    };
    (response.status().as_u16(), code, member("message"))
}

#[track_caller]
fn refuses(request: &Request<Bytes>, status: u16, code: &str, message: &str) {
    let response = Service::new().handle(request);
    let found = error(&response);
    assert_eq!((found.0, found.1.as_str()), (status, code), "{}", found.2);
    assert!(found.2.contains(message), "{}", found.2);
    for header in ["smithy-protocol", "content-type", "x-amzn-requestid"] {
        assert!(response.headers().contains_key(header), "{header}");
    }
}

#[test]
fn a_valid_request_is_accepted() {
    let service = Service::new();
    let response = service.handle(&put(encoded(&valid())));
    assert_eq!(
        (response.status().as_u16(), response.body().len()),
        (200, 0)
    );
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");

    let mut compressed = put(gzip(&encoded(&valid())));
    compressed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(service.handle(&compressed).status(), 200);
    assert_eq!(service.received().len(), 2);
    assert_eq!(service.received()[0].metric_name, "m");
}

#[test]
fn the_code_of_the_query_protocol_is_for_those_who_ask() {
    let service = Service::new();
    let mut request = put(encoded(&cbor!({ "Namespace" => "n" }).unwrap()));
    let asked = service.handle(&request);
    assert_eq!(
        asked.headers()["x-amzn-query-error"],
        "MissingParameter;Sender"
    );
    request.headers_mut().remove("x-amzn-query-mode");
    let not_asked = service.handle(&request);
    assert!(!not_asked.headers().contains_key("x-amzn-query-error"));
    assert_eq!(error(&not_asked).1, "MissingRequiredParameterException");
}

#[test]
fn method_path_and_headers() {
    let body = encoded(&valid());
    let with = |name: &'static str, value: &str| {
        let mut request = put(body.clone());
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let without = |name| {
        let mut request = put(body.clone());
        request.headers_mut().remove(name);
        request
    };
    let elsewhere = |path: &str| {
        let mut request = put(body.clone());
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    let mut get = put(body.clone());
    *get.method_mut() = http::Method::GET;

    refuses(&get, 405, "MethodNotAllowed", "POST");
    refuses(
        &to("PutDashboard", body.clone()),
        404,
        "UnknownOperationException",
        "no operation",
    );
    refuses(
        &elsewhere("/"),
        404,
        "UnknownOperationException",
        "no operation",
    );
    refuses(
        &elsewhere("/service/Other/operation/PutMetricData"),
        404,
        "UnknownOperationException",
        "",
    );
    refuses(
        &without("smithy-protocol"),
        400,
        "UnsupportedProtocol",
        "rpc-v2-cbor",
    );
    refuses(
        &with("smithy-protocol", "rpc-v2-json"),
        400,
        "UnsupportedProtocol",
        "rpc-v2-cbor",
    );
    refuses(
        &without("content-type"),
        415,
        "UnsupportedMediaType",
        "application/cbor",
    );
    refuses(
        &with("content-type", "application/json"),
        415,
        "UnsupportedMediaType",
        "application/cbor",
    );
    refuses(
        &with("content-encoding", "br"),
        415,
        "UnsupportedMediaType",
        "gzip",
    );
    refuses(
        &with("content-encoding", "gzip, gzip"),
        415,
        "UnsupportedMediaType",
        "gzip",
    );
    refuses(
        &with("content-encoding", "gzip"),
        400,
        "SerializationException",
        "not gzip",
    );
}

#[test]
fn sizes() {
    // A body of exactly so many bytes: a namespace that is far too long.
    let of = |bytes: usize| {
        let body = encoded(&cbor!({ "Namespace" => "n".repeat(bytes - 16) }).unwrap());
        assert_eq!(body.len(), bytes);
        body
    };
    let gzipped = |body: Vec<u8>| {
        let mut request = put(gzip(&body));
        request
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        request
    };
    let (fits, over) = (of(1_000_000), of(1_000_001));
    refuses(
        &put(fits.clone()),
        400,
        "InvalidParameterValue",
        "shorter than 256",
    );
    refuses(
        &gzipped(fits),
        400,
        "InvalidParameterValue",
        "shorter than 256",
    );
    refuses(
        &put(over.clone()),
        413,
        "RequestEntityTooLarge",
        "1000000 bytes",
    );
    refuses(
        &gzipped(over),
        413,
        "RequestEntityTooLarge",
        "1000000 bytes",
    );

    let bomb = gzipped(vec![0; 100_000_000]);
    assert!(bomb.body().len() < 1_000_000, "{}", bomb.body().len());
    refuses(&bomb, 413, "RequestEntityTooLarge", "1000000 bytes");

    let mut trailing = gzip(&encoded(&valid()));
    trailing.push(0);
    let mut trailing = put(trailing);
    trailing
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    refuses(&trailing, 400, "SerializationException", "not gzip");
}
