//! Windows: aligned, stamped with their start, each sample in one.

use crate::fixtures::settable::Settable;
use crate::fixtures::started::{InMemory, minute};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, Datum, DatumValue, ManualClock, MemorySink,
    SendError, Sent, Sink, Sleeping, StatisticSet, StorageResolution, Values,
};
use std::time::{Duration, SystemTime};

fn gauge_value(last: f64, minimum: f64, maximum: f64) -> DatumValue {
    DatumValue::StatisticSet(StatisticSet {
        sample_count: 1.0,
        sum: last,
        minimum,
        maximum,
    })
}

#[tokio::test]
async fn a_window_is_a_minute_and_stamped_with_its_start() {
    let test = InMemory::new(|builder| builder);
    test.started.advance(Duration::from_millis(59_999)).await;
    let data = test.data_of(|| counter!("n").increment(1)).await;
    assert_eq!(data[0].timestamp(), minute());
    test.started.advance(Duration::from_millis(1)).await;
    let data = test.data_of(|| counter!("n").increment(1)).await;
    assert_eq!(data[0].timestamp(), minute() + Duration::from_mins(1));
    assert_eq!(data[0].storage_resolution(), StorageResolution::Standard);
}

#[tokio::test]
async fn a_window_is_a_second_with_high_resolution() {
    let test = InMemory::new(|builder| builder.with_storage_resolution(StorageResolution::High));
    test.started.advance(Duration::from_millis(7_300)).await;
    let data = test.data_of(|| counter!("n").increment(1)).await;
    assert_eq!(data[0].timestamp(), minute() + Duration::from_secs(7));
    assert_eq!(data[0].storage_resolution(), StorageResolution::High);
}

#[tokio::test]
async fn windows_end_by_the_clock_without_a_flush() {
    let test = InMemory::new(|builder| builder);
    for _ in 0..3 {
        test.started.record(|| counter!("n").increment(1));
        test.started.advance(Duration::from_mins(1)).await;
    }
    let stamps: Vec<_> = test.sink.data().iter().map(Datum::timestamp).collect();
    assert_eq!(stamps, [0, 1, 2].map(|n| minute() + Duration::from_mins(n)));
}

#[tokio::test]
async fn data_keep_the_window_they_were_recorded_in_however_late_it_is() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| counter!("frozen").increment(1));
    test.started.advance(Duration::from_hours(1)).await;
    let data = test.data_of(|| {}).await;
    assert_eq!(data[0].timestamp(), minute());
    let data = test.data_of(|| counter!("frozen").increment(1)).await;
    assert_eq!(data[0].timestamp(), minute() + Duration::from_hours(1));
}

/// As on Lambda: record, flush, freeze, thaw, record, flush, before the exporter has seen how late it is.
#[tokio::test]
async fn what_is_recorded_after_a_thaw_is_of_the_time_after_it() {
    let test = InMemory::new(|builder| builder);
    let record = || counter!("invocations").increment(1);
    assert_eq!(test.data_of(record).await[0].timestamp(), minute());
    for hours in 1..4 {
        test.started.clock.advance(Duration::from_hours(1));
        let data = test.data_of(record).await;
        assert_eq!(data[0].timestamp(), minute() + Duration::from_hours(hours));
    }
}

/// Without a flush before it, what is there may be of the time before the freeze.
#[tokio::test]
async fn what_was_not_flushed_before_a_freeze_is_of_the_time_before_it() {
    let test = InMemory::new(|builder| builder);
    let _ = test.data_of(|| counter!("n").increment(1)).await;
    // Another window, in which nothing was drained so far.
    test.started.advance(Duration::from_mins(1)).await;
    test.started.record(|| counter!("n").increment(1));
    test.started.clock.advance(Duration::from_hours(1));
    let data = test.data_of(|| {}).await;
    assert_eq!(data[0].timestamp(), minute() + Duration::from_mins(1));
}

#[tokio::test]
async fn a_clock_set_back_a_little_makes_no_window_twice() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| gauge!("depth").set(5));
    for _ in 0..5 {
        test.started.clock.set(minute() + Duration::from_mins(1));
        test.started.settle().await;
        test.started.clock.set(minute() + Duration::from_secs(59));
        test.started.settle().await;
    }
    assert_eq!(test.data_of(|| {}).await.len(), 2);
    assert!(test.data_of(|| {}).await.is_empty());
}

#[tokio::test]
async fn a_clock_set_back_starts_an_earlier_window() {
    let test = InMemory::new(|builder| builder);
    test.started.record(|| counter!("n").increment(1));
    test.started.clock.set(minute() - Duration::from_mins(5));
    assert_eq!(test.data_of(|| {}).await[0].timestamp(), minute());
    let data = test.data_of(|| counter!("n").increment(1)).await;
    assert_eq!(data[0].timestamp(), minute() - Duration::from_mins(5));
}

#[tokio::test]
async fn a_counter_sends_its_growth_and_nothing_when_it_did_not_grow() {
    let test = InMemory::new(|builder| builder);
    let data = test.data_of(|| counter!("n").increment(3)).await;
    assert_eq!(*data[0].value(), DatumValue::Number(3.0));
    assert!(test.data_of(|| counter!("n").increment(0)).await.is_empty());
    let data = test.data_of(|| counter!("n").absolute(10)).await;
    assert_eq!(*data[0].value(), DatumValue::Number(7.0));
    assert!(test.data_of(|| counter!("n").absolute(10)).await.is_empty());
    assert!(test.data_of(|| counter!("n").absolute(9)).await.is_empty());
}

#[tokio::test]
async fn a_gauge_sends_its_last_value_and_the_spikes_between() {
    let test = InMemory::new(|builder| builder);
    let record = || {
        gauge!("depth").set(5);
        gauge!("depth").increment(95);
        gauge!("depth").decrement(93);
    };
    let data = test.data_of(record).await;
    assert_eq!(*data[0].value(), gauge_value(7.0, 5.0, 100.0));
}

#[tokio::test]
async fn a_gauge_is_told_once_in_every_window_and_again_when_it_changed() {
    let test = InMemory::new(|builder| builder);
    assert_eq!(test.data_of(|| gauge!("depth").set(5)).await.len(), 1);
    assert!(test.data_of(|| {}).await.is_empty(), "told in this window");
    let data = test.data_of(|| gauge!("depth").increment(1)).await;
    assert_eq!(*data[0].value(), gauge_value(6.0, 6.0, 6.0));
    for window in 1..4 {
        test.started.advance(Duration::from_mins(1)).await;
        let data = test.data_of(|| {}).await;
        assert_eq!(data.len(), 1);
        assert_eq!(*data[0].value(), gauge_value(6.0, 6.0, 6.0));
        assert_eq!(data[0].timestamp(), minute() + Duration::from_mins(window));
    }
}

#[tokio::test]
async fn a_histogram_sends_what_its_window_had() {
    let test = InMemory::new(|builder| builder);
    let record = || {
        histogram!("ms").record(3);
        histogram!("ms").record_many(1, 2);
    };
    let data = test.data_of(record).await;
    let value = DatumValue::Values(Values::new([(1.0, 2.0), (3.0, 1.0)], 5.0).unwrap());
    assert_eq!(*data[0].value(), value);
    assert!(test.data_of(|| {}).await.is_empty());
}

/// Returns at once, as a clock may.
struct Hasty;

impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        minute()
    }

    fn sleep_until(&self, _: SystemTime) -> Sleeping<'_> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_clock_that_wakes_early_keeps_nothing_waiting() {
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let (recorder, exporter) = builder.with_clock(Hasty).build().unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_ends_holds_up_no_flush() {
    let clock = ManualClock::new(minute());
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Slow(sink.clone()));
    let (recorder, exporter) = builder
        .with_clock(clock.clone())
        .with_max_in_flight(1)
        .with_send_jitter(Duration::from_mins(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    metrics::with_local_recorder(&recorder, || {
        for number in 0..5_000 {
            counter!("n", "number" => number.to_string()).increment(1);
        }
    });
    let before = tokio::time::Instant::now();
    let flush = tokio::spawn(async move { cloudwatch.flush().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(10)).await;
    clock.advance(Duration::from_mins(1));
    assert_eq!(flush.await.unwrap().delivered.data, 5_000);
    assert!(before.elapsed() <= Duration::from_millis(5 * 400 + 10));
}

/// Takes 400 milliseconds.
struct Slow(MemorySink);

impl Sink for Slow {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        self.0.send(batch, attempt).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_during_a_delivery_is_not_overlooked() {
    let clock = Settable::new(minute());
    let memory = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test")
        .with_storage_resolution(StorageResolution::High)
        .with_sink("test", Slow(memory.clone()));
    let (recorder, exporter) = builder.with_clock(clock.clone()).build().unwrap();
    let _cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let record = || metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
    record();
    // The window is over, and its delivery under way.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    clock.set_back(Duration::from_hours(1));
    record();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(memory.sum("n", &[]), 2.0);
}
