//! Histograms without loss, for sinks that ask for them so.

use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::{Started, minute};
use cloudwatch_local::{ReceivedValue, Service};
use metrics::{Unit, describe_histogram, histogram};
use metrics_exporter_cloudwatch::testing::predicted_len;
use metrics_exporter_cloudwatch::{
    self as cloudwatch, Attempt, Batch, Buckets, CloudWatchBuilder, Datum, DatumValue,
    ExplicitDatum, HistogramForm, ManualClock, MemorySink, MetricSettings, PutMetricData,
    RecordedBuckets, SendError, Sent, Sink,
};
use std::time::{Duration, SystemTime};

fn to(sink: &MemorySink) -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test").with_sink("test", sink.clone())
}

fn buckets(datum: &Datum) -> &RecordedBuckets {
    match datum.value() {
        DatumValue::Buckets(buckets) => buckets,
        other => panic!("{other:?}"),
    }
}

/// More values than CloudWatch takes, whose sum rounds.
fn values() -> impl Iterator<Item = f64> {
    (0..5_000).map(|n| 0.1 * f64::from(n) - 20.0)
}

#[tokio::test]
async fn a_sink_in_memory_has_the_very_buckets() {
    let sink = MemorySink::new();
    let test = Started::new(to(&sink));
    test.record(|| values().for_each(|value| histogram!("h").record(value)));
    test.flush().await;
    let data = sink.take();
    let expected: Buckets = values().collect();
    assert_eq!(*buckets(&data[0]).recorded(), expected);
    let statistics = data[0].value().statistics();
    assert_eq!(statistics.sum, expected.sum());
    assert_eq!(
        (
            statistics.sample_count,
            Some(statistics.minimum),
            Some(statistics.maximum)
        ),
        (5_000.0, expected.min(), expected.max())
    );
    let counts = buckets(&data[0]).iter().map(|(_, count)| count);
    assert_eq!(counts.sum::<u64>(), 5_000);
    assert!(buckets(&data[0]).iter().count() > 150);
}

#[tokio::test]
async fn a_sink_in_memory_that_asks_for_values_has_so_many() {
    let sink = MemorySink::new().with_max_values(150);
    let test = Started::new(to(&sink));
    test.record(|| values().for_each(|value| histogram!("h").record(value)));
    test.flush().await;
    let data = sink.take();
    let DatumValue::Values(values) = data[0].value() else {
        panic!("{data:?}")
    };
    assert!(values.iter().len() <= 150);
}

/// What is read is in the unit of the datum, and nothing is rounded twice.
#[tokio::test]
async fn buckets_are_read_in_the_unit_of_their_datum() {
    let both = [MemorySink::new(), MemorySink::new().with_max_values(150)];
    let mut all = Vec::new();
    for sink in both {
        let test = Started::new(to(&sink));
        test.record(|| {
            describe_histogram!("took", Unit::Nanoseconds, "");
            (1..=9).for_each(|n| histogram!("took").record(n));
            describe_histogram!("size", Unit::Kibibytes, "");
            values().for_each(|value| histogram!("size").record(value));
        });
        test.flush().await;
        let data = sink.take();
        let read = data.iter().map(|datum| {
            let statistics = datum.value().statistics();
            (datum.name().to_owned(), datum.unit(), statistics)
        });
        all.push(read.collect::<Vec<_>>());
        if let DatumValue::Buckets(took) = data[0].value() {
            assert_eq!(took.recorded_unit(), Some(cloudwatch::Unit::Nanoseconds));
            assert_eq!(took.unit(), data[0].unit());
            let lows = took.iter().map(|((low, _), count)| (low, count));
            let expected = [
                0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009,
            ];
            assert!(lows.eq(expected.map(|low| (low, 1))));
        }
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0][0].1, Some(cloudwatch::Unit::Microseconds));
}

/// What the user set is stronger than what the sink takes.
#[tokio::test]
async fn a_statistic_set_stays_one_and_what_is_put_stays_values() {
    let sink = MemorySink::new();
    let settings = MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet);
    let test = Started::new(to(&sink).with_metric_settings("set", settings));
    test.record(|| (0..9).for_each(|n| histogram!("set").record(n)));
    let many: Vec<f64> = values().collect();
    let put = ExplicitDatum::values("put", &many, &vec![0.5; many.len()]);
    test.cloudwatch.put(put).unwrap();
    test.flush().await;
    let data = sink.take();
    assert!(matches!(data[0].value(), DatumValue::StatisticSet(_)));
    let DatumValue::Values(values) = data[1].value() else {
        panic!("{data:?}")
    };
    assert_eq!(values.iter().len(), many.len(), "it has no limit of them");
}

/// Never gets through.
struct Unreachable(MemorySink);

impl Sink for Unreachable {
    fn profile(&self) -> cloudwatch::Profile {
        self.0.profile()
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        self.0.added_len(batch, datum)
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Err(SendError::Transient("no route".into()))
    }
}

#[tokio::test]
async fn buckets_come_back_from_a_journal() {
    let scratch = Scratch::new();
    let clock = ManualClock::new(minute());
    let journal = |builder: CloudWatchBuilder| builder.with_journal(scratch.path(), 64 << 20);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Unreachable(MemorySink::new()));
    let first = Started::by_clock(journal(builder), clock.clone());
    first.record(|| {
        describe_histogram!("h", Unit::Nanoseconds, "");
        values().for_each(|value| histogram!("h").record(value));
    });
    first.clock.advance(Duration::from_mins(1));
    until(|| scratch.records() == 1).await;
    let report = first.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert!(!report.unwrap().is_complete());
    drop(first);
    until(|| scratch.is_free()).await;
    let sink = MemorySink::new();
    let second = Started::by_clock(journal(to(&sink)), clock);
    until(|| second.cloudwatch.stats().delivered.data == 1).await;
    let data = sink.take();
    assert_eq!(*buckets(&data[0]).recorded(), values().collect::<Buckets>());
    assert_eq!(data[0].unit(), Some(cloudwatch::Unit::Microseconds));
    let _ = second.cloudwatch.shutdown().await.unwrap();
}

/// A journal may have buckets that another sink asked for.
#[tokio::test]
async fn cloudwatch_gets_buckets_as_a_statistic_set() {
    let service = Service::new();
    let sink = PutMetricData::new(service.client());
    let nanoseconds = Some(cloudwatch::Unit::Nanoseconds);
    let buckets = RecordedBuckets::new(Buckets::from_iter([3.0, 1_500.0]), nanoseconds).unwrap();
    let unit = buckets.unit();
    let value = DatumValue::Buckets(buckets);
    let datum = Datum::new(
        "h",
        Vec::<metrics::Label>::new(),
        SystemTime::now(),
        value,
        unit,
    );
    let batch = Batch::new("Test", [datum]);
    let attempt = Attempt::new(Duration::from_mins(1));
    sink.send(&batch, &attempt).await.unwrap();
    let expected = ReceivedValue::Statistic {
        sample_count: 2.0,
        sum: 1.503,
        minimum: 0.003,
        maximum: 1.5,
    };
    assert_eq!(service.received()[0].value, expected);
    assert_eq!(
        service.requests()[0].raw_bytes,
        predicted_len(&sink, &batch)
    );
}
