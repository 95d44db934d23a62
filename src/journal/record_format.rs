//! A batch as bytes, for a record: whole again in another process, accounts included.
//!
//! CBOR, in arrays by position. What is changed here takes another [version](super::record_file::VERSION).

use crate::limits::MAX_DIMENSIONS;
use crate::model::batch::{Batch, BatchKey, Repeat};
use crate::model::datum::{Datum, DatumValue, StatisticSet, Total, Values};
use crate::model::dimension::Dimensions;
use crate::model::guarantee::Guarantee;
use crate::model::identity::{Identity, Named, Origin};
use crate::model::metric_kind::MetricKind;
use crate::model::recorded_buckets::RecordedBuckets;
use crate::model::storage_resolution::StorageResolution;
use crate::model::unit::Unit;
use metrics::{Key, KeyName, Label};
use metrics_recording::Buckets;
use minicbor::data::{Tag, Type};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Writer = Encoder<Vec<u8>>;
/// Writing to memory cannot fail.
type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// What a total has before it. No other value has a tag.
const TOTAL: Tag = Tag::new(0x746f_7461);

/// All data of a batch, and those that were taken aside from it.
pub(crate) fn write<'a>(batch: &Batch, data: impl ExactSizeIterator<Item = &'a Datum>) -> Vec<u8> {
    let mut to = Encoder::new(Vec::with_capacity(batch.memory_len()));
    let written: Written = (|| {
        to.array(4)?.str(batch.namespace())?;
        to.bool(batch.guarantee() == Guarantee::AtMostOnce)?;
        to.bool(batch.is_harmless())?;
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

fn write_datum(to: &mut Writer, datum: &Datum) -> Written {
    to.array(9)?.u8(origin_code(datum.origin))?;
    let key = datum.identity.key();
    to.array(1 + 2 * key.labels().len() as u64)?;
    to.str(key.name())?;
    for label in key.labels() {
        to.str(label.key())?.str(label.value())?;
    }
    to.array(2 * datum.dimensions().count() as u64)?;
    for (name, value) in datum.dimensions() {
        to.str(name)?.str(value)?;
    }
    write_time(to, datum.timestamp)?;
    to.bool(datum.is_by_clock)?.u64(datum.samples)?;
    write_unit(to, datum.unit)?;
    to.u8(datum.storage_resolution.seconds())?;
    write_value(to, &datum.value)
}

fn write_time(to: &mut Writer, time: SystemTime) -> Written {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    to.array(2)?
        .u64(since.as_secs())?
        .u32(since.subsec_nanos())?;
    Ok(())
}

fn write_value(to: &mut Writer, value: &DatumValue) -> Written {
    match value {
        DatumValue::Total(total) => {
            to.tag(TOTAL)?.array(3)?;
            write_time(to, total.start())?;
            to.bool(total.begins())?;
            write_value(to, total.value())?;
        }
        DatumValue::Number(value) => {
            to.array(1)?.f64(*value)?;
        }
        DatumValue::StatisticSet(set) => {
            to.array(4)?.f64(set.sample_count)?.f64(set.sum)?;
            to.f64(set.minimum)?.f64(set.maximum)?;
        }
        DatumValue::Buckets(buckets) => write_buckets(to, buckets)?,
        DatumValue::Values(values) => {
            to.array(2)?.f64(values.sum())?;
            to.array(2 * values.iter().len() as u64)?;
            for (value, count) in values.iter() {
                to.f64(value)?.f64(count)?;
            }
        }
    }
    Ok(())
}

fn write_unit(to: &mut Writer, unit: Option<Unit>) -> Written {
    match unit {
        Some(unit) => to.str(unit.as_str())?,
        None => to.null()?,
    };
    Ok(())
}

fn write_buckets(to: &mut Writer, buckets: &RecordedBuckets) -> Written {
    let recorded = buckets.recorded();
    to.array(3)?;
    write_unit(to, buckets.recorded_unit())?;
    let (rounded, lost) = recorded.sum_parts();
    to.array(4)?.f64(rounded)?.f64(lost)?;
    to.f64(recorded.min().unwrap_or_default())?;
    to.f64(recorded.max().unwrap_or_default())?;
    to.array(2 * recorded.iter().count() as u64)?;
    for bucket in recorded.iter() {
        to.i32(bucket.index)?.u64(bucket.count)?;
    }
    Ok(())
}

/// Default dimensions that were read, each once: few processes have many.
pub(crate) type AllDefaults = BTreeSet<Arc<Dimensions>>;

/// What [`write`] wrote. An error says where it is not that.
pub(crate) fn read(bytes: &[u8], all_defaults: &mut AllDefaults) -> Result<Batch, Error> {
    let mut from = Decoder::new(bytes);
    expect(array(&mut from)? == 4, "a batch")?;
    let namespace: Arc<str> = from.str()?.into();
    let guarantee = if from.bool()? {
        Guarantee::AtMostOnce
    } else {
        Guarantee::AtLeastOnce
    };
    let mut key = BatchKey::new(namespace, guarantee);
    if from.bool()? {
        key.repeat = Repeat::Harmless;
    }
    let len = array(&mut from)?;
    let data: Result<Vec<_>, _> = (0..len)
        .map(|_| read_datum(&mut from, all_defaults))
        .collect();
    let data = data?;
    expect(!data.is_empty(), "data")?;
    Ok(Batch::of(key, data))
}

fn read_datum(from: &mut Decoder<'_>, all_defaults: &mut AllDefaults) -> Result<Datum, Error> {
    expect(array(from)? == 9, "a datum")?;
    let origin = origin(from.u8()?).ok_or_else(|| Error::message("no known origin"))?;
    let texts = array(from)?;
    expect(texts % 2 == 1, "a name and labels")?;
    let name = KeyName::from(from.str()?.to_owned());
    let count = usize::try_from(texts / 2).unwrap_or(MAX_DIMENSIONS);
    let mut labels = Vec::with_capacity(count.min(MAX_DIMENSIONS));
    for _ in 0..texts / 2 {
        labels.push(Label::new(from.str()?.to_owned(), from.str()?.to_owned()));
    }
    let key = Key::from_parts(name, labels);
    let texts = array(from)?;
    let mut defaults = Dimensions::new();
    for _ in 0..texts / 2 {
        let (name, value) = (from.str()?, from.str()?.to_owned());
        if key.labels().all(|label| label.key() != name) {
            defaults.insert(name.to_owned().into(), value.into());
        }
    }
    let defaults = all_defaults.get(&defaults).cloned().unwrap_or_else(|| {
        let new = Arc::new(defaults);
        all_defaults.insert(Arc::clone(&new));
        new
    });
    let identity = Identity::new(Named::Own(Box::new(key)), &defaults);
    let timestamp = read_time(from)?;
    let (is_by_clock, samples) = (from.bool()?, from.u64()?);
    let unit = read_unit(from)?;
    let storage_resolution = match from.u8()? {
        1 => StorageResolution::High,
        60 => StorageResolution::Standard,
        _ => return Err(Error::message("no known resolution")),
    };
    Ok(Datum {
        identity: Arc::new(identity),
        origin,
        timestamp,
        is_by_clock,
        samples,
        unit,
        storage_resolution,
        value: if from.datatype()? == Type::Tag {
            DatumValue::Total(Box::new(read_total(from)?))
        } else {
            read_value(from)?
        },
    })
}

fn read_time(from: &mut Decoder<'_>) -> Result<SystemTime, Error> {
    expect(array(from)? == 2, "a time")?;
    let since =
        Duration::from_secs(from.u64()?).checked_add(Duration::from_nanos(from.u32()?.into()));
    let time = since.and_then(|since| UNIX_EPOCH.checked_add(since));
    time.ok_or_else(|| Error::message("a time out of range"))
}

fn read_unit(from: &mut Decoder<'_>) -> Result<Option<Unit>, Error> {
    if from.datatype()? == Type::Null {
        from.null()?;
        return Ok(None);
    }
    let name = from.str()?;
    let unit = Unit::ALL.into_iter().find(|unit| unit.as_str() == name);
    unit.map(Some)
        .ok_or_else(|| Error::message("no known unit"))
}

/// The value in it is no total, so that what is read is never deeper than that.
fn read_total(from: &mut Decoder<'_>) -> Result<Total, Error> {
    expect(from.tag()? == TOTAL && array(from)? == 3, "a total")?;
    let (start, begins) = (read_time(from)?, from.bool()?);
    Ok(Total::new(start, read_value(from)?).with_begins(begins))
}

fn read_value(from: &mut Decoder<'_>) -> Result<DatumValue, Error> {
    match array(from)? {
        1 => Ok(DatumValue::Number(from.f64()?)),
        4 => Ok(DatumValue::StatisticSet(StatisticSet {
            sample_count: from.f64()?,
            sum: from.f64()?,
            minimum: from.f64()?,
            maximum: from.f64()?,
        })),
        2 => {
            let sum = from.f64()?;
            let len = array(from)?;
            expect(len > 0 && len % 2 == 0, "values and counts")?;
            let pairs = (0..len / 2).map(|_| Ok((from.f64()?, from.f64()?)));
            let pairs = pairs.collect::<Result<Vec<_>, Error>>()?;
            Ok(DatumValue::Values(Values::of_sorted(pairs, sum)))
        }
        3 => read_buckets(from).map(DatumValue::Buckets),
        _ => Err(Error::message("no known value")),
    }
}

fn read_buckets(from: &mut Decoder<'_>) -> Result<RecordedBuckets, Error> {
    let unit = read_unit(from)?;
    expect(array(from)? == 4, "a sum and extremes")?;
    let sum = (from.f64()?, from.f64()?);
    let (min, max) = (from.f64()?, from.f64()?);
    let len = array(from)?;
    expect(len % 2 == 0, "indexes and counts")?;
    let buckets = (0..len / 2).map(|_| Ok((from.i32()?, from.u64()?)));
    let buckets = buckets.collect::<Result<Vec<_>, Error>>()?;
    let buckets = Buckets::from_parts(buckets, sum, min, max);
    let buckets = buckets.and_then(|buckets| RecordedBuckets::new(buckets, unit));
    buckets.ok_or_else(|| Error::message("buckets that no samples have"))
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
mod tests;
