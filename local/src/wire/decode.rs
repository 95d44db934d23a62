//! CBOR to structures: every member is taken by name and type, and none may be left over.
//!
//! This is `ciborium`; the SDK writes with another library, so that the two check each other.

use std::collections::BTreeMap;

use ciborium::Value;

use super::error::{self, ServiceError};
use super::place::Place;

/// Deep enough for every request of the model, shallow enough for any stack.
const MAX_DEPTH: usize = 32;
/// Of a longer list no more is decoded: every rule refuses a list long before, and a million bytes of
/// empty maps would be hundreds of millions in memory.
const MAX_DECODED: usize = 10_000;
/// The tag of a timestamp in seconds since the epoch (RFC 8949, 3.4.2).
const EPOCH_SECONDS: u64 = 1;

/// A structure whose members are being taken.
pub(crate) struct Structure {
    place: Place,
    members: BTreeMap<String, Value>,
}

/// The structure that is the whole body.
pub(crate) fn body(raw: &[u8]) -> Result<Structure, ServiceError> {
    let mut rest = raw;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
        .map_err(|cause| malformed(format!("The body is not CBOR: {cause}.")))?;
    if !rest.is_empty() {
        return Err(malformed(
            "There are bytes after the end of the body's CBOR.",
        ));
    }
    Structure::new(Place::default(), value)
}

impl Structure {
    fn new(place: Place, value: Value) -> Result<Self, ServiceError> {
        let Value::Map(entries) = value else {
            return Err(mistyped(&place, "a map"));
        };
        let mut members = BTreeMap::new();
        for (key, value) in entries {
            let Value::Text(name) = key else {
                return Err(mistyped(&place, "a map whose keys are strings"));
            };
            // A null is how some SDKs write a member that is absent.
            if value == Value::Null {
                continue;
            }
            if members.insert(name, value).is_some() {
                return Err(malformed(format!(
                    "{} has a member twice.",
                    described(&place)
                )));
            }
        }
        Ok(Self { place, members })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ServiceError> {
        self.take(name, "a string", |value| value.into_text().ok())
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<f64>, ServiceError> {
        self.take(name, "a number", |value| number(&value))
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, ServiceError> {
        self.take(name, "an integer", |value| {
            value.into_integer().ok()?.try_into().ok()
        })
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, ServiceError> {
        self.take(name, "a boolean", |value| value.as_bool())
    }

    /// A timestamp, in seconds since the epoch.
    pub(crate) fn timestamp(&mut self, name: &str) -> Result<Option<f64>, ServiceError> {
        self.take(name, "a timestamp (tag 1)", |value| match value {
            Value::Tag(EPOCH_SECONDS, content) => number(&content),
            _ => None,
        })
    }

    pub(crate) fn structure(&mut self, name: &str) -> Result<Option<Self>, ServiceError> {
        let place = self.place.member(name);
        self.members
            .remove(name)
            .map(|value| Self::new(place, value))
            .transpose()
    }

    /// A list of structures, each decoded by the function.
    pub(crate) fn structures<T>(
        &mut self,
        name: &str,
        decode: impl Fn(Self) -> Result<T, ServiceError>,
    ) -> Result<Option<Vec<T>>, ServiceError> {
        self.list(name, |place, value| decode(Self::new(place, value)?))
    }

    pub(crate) fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>, ServiceError> {
        self.list(name, |place, value| {
            number(&value).ok_or_else(|| mistyped(&place, "a number"))
        })
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ServiceError> {
        self.list(name, |place, value| {
            value.into_text().map_err(|_| mistyped(&place, "a string"))
        })
    }

    /// Whether a member is there that is refused, whatever is in it.
    pub(crate) fn discard(&mut self, name: &str) -> bool {
        self.members.remove(name).is_some()
    }

    /// The end: what has not been taken is no member of this structure.
    pub(crate) fn finish(self) -> Result<(), ServiceError> {
        match self.members.keys().next() {
            None => Ok(()),
            // The name is not repeated: it may be anything of any length.
            Some(_) => Err(malformed(format!(
                "{} has a member that the service does not know.",
                described(&self.place)
            ))),
        }
    }

    fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        convert: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, ServiceError> {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        convert(value)
            .map(Some)
            .ok_or_else(|| mistyped(&self.place.member(name), expected))
    }

    fn list<T>(
        &mut self,
        name: &str,
        convert: impl Fn(Place, Value) -> Result<T, ServiceError>,
    ) -> Result<Option<Vec<T>>, ServiceError> {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        let place = self.place.member(name);
        let Value::Array(items) = value else {
            return Err(mistyped(&place, "a list"));
        };
        let items = items.into_iter().take(MAX_DECODED).enumerate();
        items
            .map(|(index, item)| convert(place.item(index), item))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// A double; other SDKs write whole ones as integers, which the protocol allows.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Integer(integer) => {
            let integer = i128::from(*integer);
            #[expect(clippy::cast_precision_loss, reason = "the wire's type is a double")]
            let number = integer as f64;
            Some(number)
        }
        _ => None,
    }
}

fn mistyped(place: &Place, expected: &str) -> ServiceError {
    malformed(format!("{} must be {expected}.", described(place)))
}

fn described(place: &Place) -> String {
    if *place == Place::default() {
        "The body".to_owned()
    } else {
        format!("The parameter {place}")
    }
}

fn malformed(message: impl Into<String>) -> ServiceError {
    error::bad_request(error::SERIALIZATION, message)
}
