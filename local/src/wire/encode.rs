//! Answers to CBOR.

use bytes::Bytes;
use ciborium::Value;

/// A structure, of members that are there.
pub(crate) fn structure<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?)));
    Value::Map(present.collect())
}

/// A timestamp, given in milliseconds since the epoch: tag 1 and a double in seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds fit a double for 285,000 years"
)]
pub(crate) fn timestamp(millis: i64) -> Value {
    Value::Tag(1, Box::new(Value::Float(millis as f64 / 1_000.0)))
}

pub(crate) fn bytes(value: &Value) -> Bytes {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("writing to memory does not fail");
    bytes.into()
}
