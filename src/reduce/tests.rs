//! What leaves is within the limits, and adds up to what was recorded.

use crate::limits::{MAX_VALUES_PER_DATUM, MIN_MAGNITUDE};
use crate::model::datum::{Datum, DatumValue, StatisticSet};
use crate::model::datum_settings::HistogramForm;
use crate::model::profile::Profile;
use crate::model::storage_resolution::StorageResolution;
use crate::reduce::{Reducer, Stamp};
use crate::settings::Config;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::view::tests::Seen;
use metrics::{Key, Level, Metadata, Recorder as _, Unit};
use proptest::prelude::*;
use std::time::UNIX_EPOCH;

/// The datum of one histogram.
fn reduced(form: HistogramForm, unit: Option<Unit>, samples: &[(f64, u64)]) -> Datum {
    let mut config = Config::new("Test");
    let settings = MetricSettings::new().with_histogram_form(form);
    config.set_metric(Matcher::any(), settings);
    let profile = Profile::default();
    let (recorder, mut seen) = Seen::new(&config, &profile);
    let metadata = Metadata::new("test", Level::INFO, None);
    let histogram = recorder.register_histogram(&Key::from_static_name("h"), &metadata);
    recorder.describe_histogram("h".into(), unit, "".into());
    for &(value, count) in samples {
        histogram.record_many(value, count.try_into().unwrap());
    }
    let stamp = Stamp {
        timestamp: UNIX_EPOCH,
        storage_resolution: StorageResolution::Standard,
    };
    let mut reducer = Reducer::new(stamp, profile.distribution_form());
    let mut data = Vec::new();
    seen.collect(UNIX_EPOCH, true, |gained| {
        data.extend(reducer.reduce(&gained));
    });
    data.pop().unwrap()
}

fn distribution(samples: &[(f64, u64)]) -> Vec<(f64, f64)> {
    let datum = reduced(HistogramForm::Distribution, None, samples);
    let DatumValue::Values(values) = datum.value else {
        panic!("{datum:?}")
    };
    values.iter().collect()
}

#[test]
fn integers_up_to_256_and_single_values_are_exact() {
    let integers: Vec<(f64, u64)> = (107..=256u32)
        .map(|n| (f64::from(n), u64::from(n)))
        .collect();
    let exact: Vec<(f64, f64)> = integers.iter().map(|&(value, _)| (value, value)).collect();
    assert_eq!(distribution(&integers), exact);
    for value in [0.1, -7.3, 1e100, 0.0, 1234.567] {
        assert_eq!(distribution(&[(value, 1_000_000)]), [(value, 1e6)]);
        assert_eq!(distribution(&[(value, 1)]), [(value, 1.0)]);
    }
    assert_eq!(
        distribution(&[(0.1, 1), (0.3, 1)]),
        [(0.1, 1.0), (0.3, 1.0)]
    );
}

#[test]
fn counts_without_end_are_merged_and_refused_without_overflow() {
    let endless = |n: i32| (f64::from(n), u64::MAX / 2);
    let values = distribution(&(1..400).map(endless).collect::<Vec<_>>());
    assert!(values.len() <= MAX_VALUES_PER_DATUM);
    let beyond = |n: i32| ((360.0 - f64::from(n) / 100.0).exp2(), u64::MAX / 2);
    let samples: Vec<_> = (0..400).map(beyond).chain([(1.0, 7)]).collect();
    let datum = reduced(HistogramForm::Distribution, Some(Unit::Kibibytes), &samples);
    assert_eq!(datum.value.statistics().minimum, 1024.0);
}

#[test]
fn percentiles_of_a_distribution_that_fits_are_within_a_bucket() {
    // Half an octave has 64 buckets.
    let samples: Vec<(f64, u64)> = (0..10_000)
        .map(|n| (1.0 + f64::from(n) * 5e-5, 1))
        .collect();
    let values = distribution(&samples);
    assert!(values.len() <= 67, "{}", values.len());
    for (rank, (exact, _)) in samples.iter().enumerate().step_by(100) {
        let mut below = 0.0;
        let found = values.iter().find(|(_, count)| {
            below += count;
            below > f64::from(u32::try_from(rank).unwrap())
        });
        let (value, _) = found.unwrap();
        assert!(
            (value - exact).abs() / exact <= 1.0 / 128.0,
            "{value} for {exact}"
        );
    }
}

#[test]
fn a_statistic_set_stays_consistent_where_its_extremes_go_as_zero() {
    let tiny = MIN_MAGNITUDE * 100.0;
    let samples = [(tiny, 1_000)];
    let datum = reduced(
        HistogramForm::StatisticSet,
        Some(Unit::Nanoseconds),
        &samples,
    );
    assert_eq!(
        datum.value,
        DatumValue::StatisticSet(StatisticSet {
            sample_count: 1e3,
            sum: 0.0,
            minimum: 0.0,
            maximum: 0.0,
        })
    );
}

proptest! {
    #[test]
    fn a_distribution_is_within_limits_and_adds_up(
        samples in prop_oneof![
            prop::collection::vec((-1e6..1e6f64, 1..100u64), 1..500),
            prop::collection::vec((1e-3..1e3f64, 1..100u64), 1..500),
            prop::collection::vec(((-100..100i32).prop_map(|n| f64::from(n).exp2()), 1..100u64), 1..500),
        ],
    ) {
        let values = distribution(&samples);
        prop_assert!(values.len() <= MAX_VALUES_PER_DATUM);
        for pair in values.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0);
        }
        let samples: Vec<(f64, f64)> = samples.into_iter().map(|(v, c)| (v, crate::reduce::as_float(c))).collect();
        let count = |of: &[(f64, f64)]| of.iter().map(|(_, count)| count).sum::<f64>();
        let sum = |of: &[(f64, f64)]| of.iter().map(|(value, count)| value * count).sum::<f64>();
        let size: f64 = samples.iter().map(|(value, count)| value.abs() * count).sum();
        prop_assert_eq!(count(&values), count(&samples));
        prop_assert!((sum(&values) - sum(&samples)).abs() <= size * 1e-12);
        let exact = samples.iter().map(|&(value, _)| value);
        prop_assert_eq!(values[0].0, exact.clone().fold(f64::INFINITY, f64::min));
        prop_assert_eq!(values[values.len() - 1].0, exact.fold(f64::NEG_INFINITY, f64::max));
    }
}
