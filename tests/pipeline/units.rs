//! Units: described before or after the first use, for all series of a metric, scaled exactly.

use crate::fixtures::started::InMemory;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_cloudwatch::{
    self as cloudwatch, Datum, DatumValue, HistogramForm, Matcher, MetricSettings, StatisticSet,
    Values,
};

#[tokio::test]
async fn a_unit_holds_for_labelled_series_whenever_it_was_described() {
    let test = InMemory::new(|builder| builder);
    let record = || {
        histogram!("late", "a" => "1").record(1);
        describe_histogram!("late", Unit::Seconds, "");
        histogram!("late", "a" => "2").record(1);
        describe_gauge!("early", Unit::Bytes, "");
        gauge!("early", "a" => "1").set(1);
        counter!(description: "", unit: Unit::Percent, "inline", "a" => "1").increment(1);
        describe_counter!("inline", "without a unit, which takes none away");
        histogram!("undescribed").record(1);
        counter!("undescribed").increment(1);
    };
    for _ in 0..2 {
        let data = test.data_of(record).await;
        let units = |name: &str| -> Vec<_> {
            let data = data.iter().filter(|datum| datum.name() == name);
            data.map(Datum::unit).collect()
        };
        assert_eq!(units("late"), vec![Some(cloudwatch::Unit::Seconds); 2]);
        assert_eq!(units("early"), [Some(cloudwatch::Unit::Bytes)]);
        assert_eq!(units("inline"), [Some(cloudwatch::Unit::Percent)]);
        assert_eq!(units("undescribed"), [Some(cloudwatch::Unit::Count), None]);
    }
}

#[tokio::test]
async fn one_name_may_have_a_unit_for_each_kind() {
    let test = InMemory::new(|builder| builder);
    let record = || {
        describe_gauge!("x", Unit::Bytes, "");
        describe_histogram!("x", Unit::Seconds, "");
        gauge!("x").set(1);
        histogram!("x").record(1);
    };
    let data = test.data_of(record).await;
    assert_eq!(data[0].unit(), Some(cloudwatch::Unit::Bytes));
    assert_eq!(data[1].unit(), Some(cloudwatch::Unit::Seconds));
}

#[tokio::test]
async fn units_that_cloudwatch_lacks_are_scaled_in_every_form() {
    let test = InMemory::new(|builder| {
        let settings = MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet);
        builder.with_metric_settings(Matcher::suffix(".set"), settings)
    });
    let record = || {
        describe_counter!("sent", Unit::Kibibytes, "");
        describe_gauge!("free", Unit::Mebibytes, "");
        describe_histogram!("took", Unit::Nanoseconds, "");
        describe_histogram!("took.set", Unit::Nanoseconds, "");
        counter!("sent").increment(3);
        gauge!("free").set(0.5);
        for name in ["took", "took.set"] {
            histogram!(name).record(1_500);
            histogram!(name).record(3);
        }
    };
    let data = test.data_of(record).await;
    let expected = [
        (cloudwatch::Unit::Bytes, DatumValue::Number(3_072.0)),
        (
            cloudwatch::Unit::Bytes,
            DatumValue::StatisticSet(StatisticSet {
                sample_count: 1.0,
                sum: 524_288.0,
                minimum: 524_288.0,
                maximum: 524_288.0,
            }),
        ),
        (
            cloudwatch::Unit::Microseconds,
            DatumValue::Values(Values::new([(0.003, 1.0), (1.5, 1.0)], 1.503).unwrap()),
        ),
        (
            cloudwatch::Unit::Microseconds,
            DatumValue::StatisticSet(StatisticSet {
                sample_count: 2.0,
                sum: 1.503,
                minimum: 0.003,
                maximum: 1.5,
            }),
        ),
    ];
    for (datum, (unit, value)) in data.iter().zip(expected) {
        assert_eq!(datum.unit(), Some(unit), "{}", datum.name());
        assert_eq!(*datum.value(), value, "{}", datum.name());
    }
    assert_eq!(data.len(), 4);
}
