//! What is read is what was written.

use super::*;
use crate::collect::explicit_data::{self, ExplicitDatum};
use crate::delivery::pack::Packer;
use crate::model::profile::Profile;
use crate::settings::Config;
use crate::sinks::memory::MemorySink;
use proptest::prelude::*;

fn batch(data: impl IntoIterator<Item = ExplicitDatum>) -> Batch {
    let mut config = Config::new("Test");
    let default = ("service".into(), "checkout".into());
    config.default_dimensions = Arc::new([default].into());
    let sink = MemorySink::new();
    let mut packer = Packer::new(&config, &sink, Profile::default());
    for datum in data {
        packer.push(
            explicit_data::check(datum, &config, SystemTime::now(), &Profile::default())
                .expect("it is valid"),
        );
    }
    packer.finish().pop().expect("it has data")
}

fn same(one: &Datum, other: &Datum) -> bool {
    one.origin == other.origin
        && one.identity.key() == other.identity.key()
        && one.name() == other.name()
        && one.dimensions().eq(other.dimensions())
        && one.timestamp == other.timestamp
        && one.is_by_clock == other.is_by_clock
        && one.samples == other.samples
        && one.unit == other.unit
        && one.storage_resolution == other.storage_resolution
        && one.value == other.value
}

fn data() -> impl Strategy<Value = Vec<ExplicitDatum>> {
    let value = prop_oneof![
        (-1e9..1e9).prop_map(|value| ExplicitDatum::value("single", value)),
        prop::collection::vec(-1e9..1e9, 1..150).prop_map(|values| {
            let counts = vec![2.0; values.len()];
            ExplicitDatum::values("distribution", &values, &counts)
        }),
        (1.0..1e6, -1e6..1e6).prop_map(|(sample_count, mean)| {
            let set = StatisticSet {
                sample_count,
                sum: sample_count * mean,
                minimum: mean - 1.0,
                maximum: mean + 1.0,
            };
            ExplicitDatum::statistic("set", set)
        }),
    ];
    let datum = (
        value,
        0..4_u8,
        0..Unit::ALL.len(),
        0..1_000_000_u64,
        any::<bool>(),
    );
    let datum = datum.prop_map(|(datum, dimension, unit, ago, has_time)| {
        let mut datum = datum.with_unit(Unit::ALL[unit]);
        // One of its own, another value for the default one, and none of that.
        let dimension = [
            ("", ""),
            ("route", "/cart"),
            ("service", "mail"),
            ("service", ""),
        ]
        .get(usize::from(dimension))
        .filter(|(name, _)| !name.is_empty());
        if let Some((name, value)) = dimension {
            datum = datum.with_dimension(*name, *value);
        }
        if has_time {
            datum = datum.with_timestamp(SystemTime::now() - Duration::from_micros(ago));
        }
        datum
    });
    prop::collection::vec(datum, 1..20)
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(data in data()) {
        let batch = batch(data);
        let read = read(&write(&batch, batch.data().iter()), &mut AllDefaults::new()).expect("it was written so");
        prop_assert_eq!(read.namespace(), batch.namespace());
        prop_assert_eq!(read.guarantee(), batch.guarantee());
        prop_assert_eq!(read.data().len(), batch.data().len());
        let pairs = read.data().iter().zip(batch.data());
        for (one, other) in pairs {
            prop_assert!(same(one, other), "{one:?} is not {other:?}");
        }
    }

    #[test]
    fn anything_else_is_an_error_and_no_panic(bytes: Vec<u8>, data in data(), cut: usize) {
        prop_assert!(read(&bytes, &mut AllDefaults::new()).is_err());
        let batch = batch(data);
        let mut written = write(&batch, batch.data().iter());
        written.truncate(cut % written.len());
        prop_assert!(read(&written, &mut AllDefaults::new()).is_err());
    }
}

/// As another sink takes them.
fn buckets() -> impl Strategy<Value = Batch> {
    let value = prop_oneof![
        -1e9..1e9,
        Just(0.0),
        (-300..300).prop_map(|n| f64::from(n).exp2())
    ];
    let samples = prop::collection::vec(value, 1..300);
    let unit = prop::option::of(0..Unit::ALL.len());
    (samples, unit).prop_map(|(samples, unit)| {
        let unit = unit.map(|unit| Unit::ALL[unit]);
        let buckets = RecordedBuckets::new(samples.into_iter().collect(), unit).expect("samples");
        let (unit, at) = (buckets.unit(), SystemTime::now());
        let value = DatumValue::Buckets(buckets);
        let datum = Datum::new("h", [("route", "/cart")].as_slice(), at, value, unit);
        Batch::new("Test", [datum.clone(), datum])
    })
}

proptest! {
    #[test]
    fn buckets_are_read_as_they_were_written(batch in buckets()) {
        let read = read(&write(&batch, batch.data().iter()), &mut AllDefaults::new()).expect("it was written so");
        for (one, other) in read.data().iter().zip(batch.data()) {
            prop_assert!(same(one, other), "{one:?} is not {other:?}");
            let (DatumValue::Buckets(one), DatumValue::Buckets(other)) = (&one.value, &other.value) else {
                unreachable!("{one:?}")
            };
            // So that they can be merged with others as exactly as before.
            prop_assert_eq!(one.recorded().sum_parts(), other.recorded().sum_parts());
        }
        prop_assert_eq!(read.data().len(), 2);
    }

    #[test]
    fn buckets_that_are_cut_off_or_no_buckets_are_an_error(batch in buckets(), cut: usize, byte: u8) {
        let written = write(&batch, batch.data().iter());
        let cut = cut % written.len();
        prop_assert!(read(&written[..cut], &mut AllDefaults::new()).is_err());
        let mut other = written;
        other[cut] = byte;
        // Whatever it is, it is no panic.
        drop(read(&other, &mut AllDefaults::new()));
    }
}

/// Of whatever value, the first of a start or not.
#[test]
fn totals_are_read_as_they_were_written() {
    let samples = [1.5, 2.5].into_iter().collect();
    let values = [
        Some(DatumValue::Number(3.0)),
        RecordedBuckets::new(samples, None).map(DatumValue::Buckets),
        Values::new([(1.0, 2.0)], 2.0).map(DatumValue::Values),
    ];
    let now = UNIX_EPOCH + Duration::from_millis(1_750_000_000_001);
    let totals = values.into_iter().flatten().enumerate();
    let totals = totals.map(|(number, value)| {
        let total = Total::new(now - Duration::from_nanos(7), value);
        let value = DatumValue::Total(Box::new(total.with_begins(number == 1)));
        Datum::new("n", Vec::<Label>::new(), now, value, None)
    });
    let totals: Vec<Datum> = totals.collect();
    let mut key = BatchKey::new("Test".into(), Guarantee::AtLeastOnce);
    key.repeat = Repeat::Harmless;
    let batch = Batch::of(key, totals.iter().cloned());
    let written = write(&batch, batch.data().iter());
    let read = |bytes: &[u8]| read(bytes, &mut AllDefaults::new());
    let again = read(&written).expect("it was written so");
    assert_eq!(again.key(), batch.key());
    let mut pairs = again.data().iter().zip(batch.data());
    assert!(pairs.all(|(one, other)| same(one, other)), "{again:?}");
    for cut in 0..written.len() {
        assert!(read(&written[..cut]).is_err(), "{cut}");
    }
    // A total in a total would be read to any depth.
    let inner = totals[0].value.clone();
    let value = DatumValue::Total(Box::new(Total::new(now, inner)));
    let datum = Datum::new("n", Vec::<Label>::new(), now, value, None);
    let batch = Batch::new("Test", [datum]);
    let written = write(&batch, batch.data().iter());
    assert!(read(&written).is_err());
}

/// Not a map for each: they would take more than all else.
#[test]
fn what_data_have_in_common_is_there_once() {
    let routes = (0..100).map(|n| {
        let datum = ExplicitDatum::value("n", 1.0).with_dimension("route", format!("/{n}"));
        if n % 2 == 0 {
            datum
        } else {
            datum.with_dimension("service", format!("{n}"))
        }
    });
    let batch = batch(routes);
    let read = read(&write(&batch, batch.data().iter()), &mut AllDefaults::new())
        .expect("it was written so");
    let defaults = read
        .data()
        .iter()
        .map(|datum| Arc::as_ptr(&datum.identity.defaults));
    // With the default dimension, and without it.
    assert_eq!(defaults.collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn every_origin_has_a_code() {
    for known in ORIGINS {
        assert_eq!(origin(origin_code(known)), Some(known));
    }
}
