//! A batch as bytes, for a spool: whole again in another process, accounts included.
//!
//! CBOR, in arrays by position. What a later version writes differently begins with another number.

use super::datum::{DatumValue, MetricDatum, StatisticSet};
use super::pack::Batch;
use crate::config::Delivery;
use crate::dimension::Dimension;
use crate::registry::{Identity, Origin};
use crate::unit;
use crate::window::StorageResolution;
use aws_sdk_cloudwatch::types::StandardUnit;
use metrics::{Key, KeyName, Label};
use metrics_util::MetricKind;
use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VERSION: u8 = 1;

type Writer = Encoder<Vec<u8>>;
/// Writing to memory cannot fail.
type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// All data of a batch, and those that were taken aside from it.
pub(crate) fn write<'a>(
    batch: &Batch,
    data: impl ExactSizeIterator<Item = &'a MetricDatum>,
) -> Vec<u8> {
    let mut to = Encoder::new(Vec::with_capacity(batch.encoded_len()));
    let written: Written = (|| {
        to.array(4)?.u8(VERSION)?.str(batch.namespace())?;
        to.bool(batch.delivery() == Delivery::AtMostOnce)?;
        to.array(data.len() as u64)?;
        for datum in data {
            write_datum(&mut to, datum)?;
        }
        Ok(())
    })();
    match written {
        Ok(()) => to.into_writer(),
        Err(never) => unreachable!("{never}"),
    }
}

fn write_datum(to: &mut Writer, datum: &MetricDatum) -> Written {
    to.array(9)?.u8(origin_code(datum.identity.origin))?;
    let key = &datum.identity.key;
    to.array(1 + 2 * key.labels().len() as u64)?;
    to.str(key.name())?;
    for label in key.labels() {
        to.str(label.key())?.str(label.value())?;
    }
    to.array(2 * datum.dimensions().len() as u64)?;
    for dimension in datum.dimensions() {
        to.str(&dimension.name)?.str(&dimension.value)?;
    }
    let since = datum.timestamp.duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default();
    to.array(2)?
        .u64(since.as_secs())?
        .u32(since.subsec_nanos())?;
    to.bool(datum.is_by_clock)?.u64(datum.samples)?;
    match datum.unit {
        Some(unit) => to.str(unit.as_str())?,
        None => to.null()?,
    };
    to.u8(datum.storage_resolution.seconds())?;
    match &datum.value {
        DatumValue::Single(value) => {
            to.array(1)?.f64(*value)?;
        }
        DatumValue::Statistic(set) => {
            to.array(4)?.f64(set.sample_count)?.f64(set.sum)?;
            to.f64(set.minimum)?.f64(set.maximum)?;
        }
        DatumValue::Distribution { values, counts } => {
            to.array(2)?;
            for numbers in [values, counts] {
                to.array(numbers.len() as u64)?;
                for number in numbers {
                    to.f64(*number)?;
                }
            }
        }
    }
    Ok(())
}

/// What [`write`] wrote. An error says where it is not that.
pub(crate) fn read(bytes: &[u8]) -> Result<Batch, Error> {
    let mut from = Decoder::new(bytes);
    expect(array(&mut from)? == 4, "a batch")?;
    expect(from.u8()? == VERSION, "a known version")?;
    let namespace: Arc<str> = from.str()?.into();
    let delivery = if from.bool()? {
        Delivery::AtMostOnce
    } else {
        Delivery::AtLeastOnce
    };
    let len = array(&mut from)?;
    let data: Result<Vec<_>, _> = (0..len).map(|_| read_datum(&mut from)).collect();
    let data = data?;
    expect(!data.is_empty(), "data")?;
    Ok(Batch::new(namespace, delivery, data))
}

fn read_datum(from: &mut Decoder<'_>) -> Result<MetricDatum, Error> {
    expect(array(from)? == 9, "a datum")?;
    let origin = origin(from.u8()?).ok_or_else(|| Error::message("no known origin"))?;
    let texts = array(from)?;
    expect(texts % 2 == 1, "a name and labels")?;
    let name = KeyName::from(from.str()?.to_owned());
    let labels: Result<Vec<Label>, Error> = (0..texts / 2)
        .map(|_| {
            let (key, value) = (from.str()?.to_owned(), from.str()?.to_owned());
            Ok(Label::new(key, value))
        })
        .collect();
    let key = Key::from_parts(name, labels?);
    let texts = array(from)?;
    let dimensions: Result<Box<[Dimension]>, Error> = (0..texts / 2)
        .map(|_| {
            let (name, value) = (from.str()?.to_owned(), from.str()?.to_owned());
            Ok(Dimension::new(name.into(), value.into()))
        })
        .collect();
    let identity = Identity {
        origin,
        key,
        dimensions: dimensions?,
    };
    expect(array(from)? == 2, "a time")?;
    let since =
        Duration::from_secs(from.u64()?).checked_add(Duration::from_nanos(from.u32()?.into()));
    let timestamp = since.and_then(|since| UNIX_EPOCH.checked_add(since));
    let timestamp: SystemTime = timestamp.ok_or_else(|| Error::message("a time out of range"))?;
    let (is_by_clock, samples) = (from.bool()?, from.u64()?);
    let unit = if from.datatype()? == Type::Null {
        from.null()?;
        None
    } else {
        let unit = StandardUnit::from(from.str()?);
        Some(unit::shared(&unit).ok_or_else(|| Error::message("no known unit"))?)
    };
    let storage_resolution = match from.u8()? {
        1 => StorageResolution::High,
        60 => StorageResolution::Standard,
        _ => return Err(Error::message("no known resolution")),
    };
    Ok(MetricDatum {
        identity: Arc::new(identity),
        timestamp,
        is_by_clock,
        samples,
        unit,
        storage_resolution,
        value: read_value(from)?,
    })
}

fn read_value(from: &mut Decoder<'_>) -> Result<DatumValue, Error> {
    let numbers = |from: &mut Decoder<'_>| -> Result<Box<[f64]>, Error> {
        let len = array(from)?;
        (0..len).map(|_| from.f64()).collect()
    };
    match array(from)? {
        1 => Ok(DatumValue::Single(from.f64()?)),
        4 => Ok(DatumValue::Statistic(StatisticSet {
            sample_count: from.f64()?,
            sum: from.f64()?,
            minimum: from.f64()?,
            maximum: from.f64()?,
        })),
        2 => Ok(DatumValue::Distribution {
            values: numbers(from)?,
            counts: numbers(from)?,
        }),
        _ => Err(Error::message("no known value")),
    }
}

fn array(from: &mut Decoder<'_>) -> Result<u64, Error> {
    from.array()?
        .ok_or_else(|| Error::message("an array without a length"))
}

fn expect(is_so: bool, what: &'static str) -> Result<(), Error> {
    if is_so {
        Ok(())
    } else {
        Err(Error::message(format!("not {what}")))
    }
}

const ORIGINS: [Origin; 5] = [
    Origin::Series(MetricKind::Counter),
    Origin::Series(MetricKind::Gauge),
    Origin::Series(MetricKind::Histogram),
    Origin::Put,
    Origin::Exporter,
];

fn origin_code(origin: Origin) -> u8 {
    let place = ORIGINS.iter().position(|known| *known == origin);
    place.map_or(u8::MAX, |place| place.to_le_bytes()[0])
}

fn origin(code: u8) -> Option<Origin> {
    ORIGINS.get(usize::from(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::encode::pack::Packer;
    use crate::put::{self, Datum};
    use proptest::prelude::*;

    fn batch(data: impl IntoIterator<Item = Datum>) -> Batch {
        let mut config = Config::new("Test");
        let default = ("service".into(), "checkout".into());
        config.default_dimensions.insert(default.0, default.1);
        let mut packer = Packer::new(&config);
        for datum in data {
            packer.push(put::check(datum, &config, SystemTime::now()).expect("it is valid"));
        }
        packer.finish().pop().expect("it has data")
    }

    fn same(one: &MetricDatum, other: &MetricDatum) -> bool {
        one.identity.origin == other.identity.origin
            && one.identity.key == other.identity.key
            && one.name() == other.name()
            && one.dimensions() == other.dimensions()
            && one.timestamp == other.timestamp
            && one.is_by_clock == other.is_by_clock
            && one.samples == other.samples
            && one.unit == other.unit
            && one.storage_resolution == other.storage_resolution
            && one.value == other.value
    }

    fn data() -> impl Strategy<Value = Vec<Datum>> {
        let value = prop_oneof![
            (-1e9..1e9).prop_map(|value| Datum::value("single", value)),
            prop::collection::vec(-1e9..1e9, 1..150).prop_map(|values| {
                let counts = vec![2.0; values.len()];
                Datum::values("distribution", &values, &counts)
            }),
            (1.0..1e6, -1e6..1e6).prop_map(|(sample_count, mean)| {
                let set = StatisticSet {
                    sample_count,
                    sum: sample_count * mean,
                    minimum: mean - 1.0,
                    maximum: mean + 1.0,
                };
                Datum::statistic("set", set)
            }),
        ];
        let datum = (
            value,
            any::<bool>(),
            0..27_usize,
            0..1_000_000_u64,
            any::<bool>(),
        );
        let datum = datum.prop_map(|(datum, has_dimension, unit, ago, has_time)| {
            let mut datum = datum.with_unit(StandardUnit::from(StandardUnit::values()[unit]));
            if has_dimension {
                datum = datum.with_dimension("route", "/cart");
            }
            if has_time {
                datum = datum.at(SystemTime::now() - Duration::from_micros(ago));
            }
            datum
        });
        prop::collection::vec(datum, 1..20)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(data in data()) {
            let batch = batch(data);
            let read = read(&write(&batch, batch.data().iter())).expect("it was written so");
            prop_assert_eq!(read.namespace(), batch.namespace());
            prop_assert_eq!(read.delivery(), batch.delivery());
            prop_assert_eq!(read.encoded_len(), batch.encoded_len());
            prop_assert_eq!(read.data().len(), batch.data().len());
            let pairs = read.data().iter().zip(batch.data());
            for (one, other) in pairs {
                prop_assert!(same(one, other), "{one:?} is not {other:?}");
            }
        }

        #[test]
        fn anything_else_is_an_error_and_no_panic(bytes: Vec<u8>, data in data(), cut: usize) {
            prop_assert!(read(&bytes).is_err());
            let batch = batch(data);
            let mut written = write(&batch, batch.data().iter());
            written.truncate(cut % written.len());
            prop_assert!(read(&written).is_err());
        }
    }

    #[test]
    fn every_origin_has_a_code() {
        for known in ORIGINS {
            assert_eq!(origin(origin_code(known)), Some(known));
        }
    }
}
