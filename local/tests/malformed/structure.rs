//! CBOR that is cut off, of other types, or with other members.

use ciborium::{Value, cbor};
use cloudwatch_local::{ReceivedDatum, Service};

use super::{encoded, put, refuses, valid};

#[test]
fn bodies_that_are_no_structure() {
    let code = "SerializationException";
    let mut truncated = encoded(&valid());
    truncated.pop();
    let mut trailing = encoded(&valid());
    trailing.push(0);
    // Arrays in arrays, deeper than any request.
    let nested = vec![0x81; 100_000];
    // A list that claims to be 2^62 long.
    let long = [0xa1, 0x61, b'a', 0x9b, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x01];
    refuses(&put(Vec::new()), 400, code, "not CBOR");
    refuses(&put(truncated), 400, code, "not CBOR");
    refuses(&put(trailing), 400, code, "bytes after the end");
    refuses(&put(nested), 400, code, "not CBOR");
    refuses(&put(long.to_vec()), 400, code, "not CBOR");
    refuses(
        &put(encoded(&cbor!([1, 2]).unwrap())),
        400,
        code,
        "The body must be a map",
    );
    refuses(
        &put(encoded(&cbor!({ 1 => 2 }).unwrap())),
        400,
        code,
        "keys are strings",
    );
    // {"Namespace": "n", "Namespace": "n"}
    let twice = [
        b"\xa2".as_slice(),
        b"\x69Namespace\x61n",
        b"\x69Namespace\x61n",
    ]
    .concat();
    refuses(&put(twice), 400, code, "a member twice");
}

#[test]
fn of_a_list_that_is_far_too_long_only_the_beginning_is_decoded() {
    // A million bytes of empty data, which would be hundreds of times as much in memory.
    let data = vec![Value::Map(Vec::new()); 999_900];
    let body = cbor!({ "Namespace" => "n", "MetricData" => data }).unwrap();
    let service = Service::new();
    assert_eq!(service.handle(&put(encoded(&body))).status(), 400);
    let request = &service.requests()[0];
    let refusal = request.refusal.as_ref().unwrap();
    assert_eq!(
        refusal.message,
        "The collection MetricData must not have a size greater than 1000."
    );
    assert_eq!(request.data, 10_000);
}

#[test]
fn members_of_other_types_or_names() {
    let datum = |member: &str, value: Value| {
        cbor!({ "Namespace" => "n", "MetricData" => [{ "MetricName" => "m", member => value }] })
            .unwrap()
    };
    let cases = [
        (
            cbor!({ "Namespace" => 1 }).unwrap(),
            "The parameter Namespace must be a string",
        ),
        (
            cbor!({ "MetricData" => "m" }).unwrap(),
            "The parameter MetricData must be a list",
        ),
        (
            cbor!({ "MetricData" => [1] }).unwrap(),
            "The parameter MetricData.member.1 must be a map",
        ),
        (
            cbor!({ "Other" => 1 }).unwrap(),
            "The body has a member that the service does not know",
        ),
        (
            datum("Other", 1.into()),
            "The parameter MetricData.member.1 has a member",
        ),
        (
            datum("Value", "1".into()),
            "MetricData.member.1.Value must be a number",
        ),
        (
            datum("Values", 1.into()),
            "MetricData.member.1.Values must be a list",
        ),
        (
            datum("Values", Value::Array(vec![Value::Null])),
            "MetricData.member.1.Values.member.1 must be a number",
        ),
        (
            datum("Timestamp", 1.0.into()),
            "MetricData.member.1.Timestamp must be a timestamp",
        ),
        (
            datum("Timestamp", Value::Tag(2, Box::new(1.0.into()))),
            "Timestamp must be a timestamp",
        ),
        (
            datum("Timestamp", Value::Tag(1, Box::new("1".into()))),
            "Timestamp must be a timestamp",
        ),
        (
            datum("StorageResolution", 1.5.into()),
            "StorageResolution must be an integer",
        ),
        (
            datum("StorageResolution", u64::MAX.into()),
            "StorageResolution must be an integer",
        ),
        (
            datum("StatisticValues", cbor!({ "Mean" => 1.0 }).unwrap()),
            "StatisticValues has a member",
        ),
        (
            datum("Dimensions", cbor!([{ "Key" => "d" }]).unwrap()),
            "Dimensions.member.1 has a member",
        ),
    ];
    for (body, message) in cases {
        refuses(&put(encoded(&body)), 400, "SerializationException", message);
    }
    let infinite = datum("Timestamp", Value::Tag(1, Box::new(f64::INFINITY.into())));
    refuses(
        &put(encoded(&infinite)),
        400,
        "InvalidParameterValue",
        "Timestamp is invalid",
    );
}

#[test]
fn what_other_sdks_may_write_is_read() {
    let service = Service::with_clock(|| {
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(474_804)
    });
    // Integers for doubles, and null for what is absent.
    let datum = cbor!({
        "MetricName" => "m",
        "Value" => 3,
        "Unit" => null,
        "Timestamp" => Value::Tag(1, Box::new(1_709_294_400.into())),
    });
    let body = cbor!({ "Namespace" => "n", "MetricData" => [datum.unwrap()] }).unwrap();
    assert_eq!(service.handle(&put(encoded(&body))).status(), 200);
    // {_ "Namespace": (_ "n"), "MetricData": [_ {_ "MetricName": "m", "Value": 1.0 as a half}]}
    let indefinite = [
        b"\xbf\x69Namespace\x7f\x61n\xff\x6aMetricData\x9f\xbf\x6aMetricName\x61m".as_slice(),
        b"\x65Value\xf9\x3c\x00\xff\xff\xff",
    ];
    assert_eq!(service.handle(&put(indefinite.concat())).status(), 200);
    let values: Vec<_> = service.received().iter().map(ReceivedDatum::sum).collect();
    assert_eq!(values, [3.0, 1.0]);
}
