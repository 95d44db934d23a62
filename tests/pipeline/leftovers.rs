//! What an earlier process left in the journal, beside what this one has to send.

use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, minute};
use crate::journal::{builder, cut_off};
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Datum, Guarantee, ManualClock, Matcher, MemorySink, MetricSettings, SendError,
    Sent, Sink,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Sends when it may.
#[derive(Clone)]
struct Gated {
    memory: MemorySink,
    called: Arc<Semaphore>,
    may: Arc<Semaphore>,
}

impl Gated {
    fn new() -> Self {
        Self {
            memory: MemorySink::new(),
            called: Arc::new(Semaphore::new(0)),
            may: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Sink for Gated {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        self.called.add_permits(1);
        self.may.acquire().await.unwrap().forget();
        self.memory.send(batch, attempt).await
    }
}

#[tokio::test]
async fn what_is_under_way_comes_to_its_end() {
    let scratch = Scratch::new();
    cut_off(&scratch, Guarantee::AtLeastOnce).await;
    let sink = Gated::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    sink.called.acquire().await.unwrap().forget();
    // Nothing was recorded, so nothing else is waited for.
    let stopping = tokio::spawn({
        let cloudwatch = test.cloudwatch.clone();
        async move { cloudwatch.shutdown().await.unwrap() }
    });
    test.settle().await;
    assert!(!stopping.is_finished());
    sink.may.add_permits(1);
    assert!(stopping.await.unwrap().is_complete());
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
    // It is off the disk when the shutdown is answered, and the next was not begun.
    assert_eq!(scratch.records(), 1);
    drop(test);
    until(|| scratch.is_free()).await;

    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    until(|| test.cloudwatch.stats().delivered.samples == 4).await;
    assert!(test.cloudwatch.stats().repeated.is_zero());
}

#[tokio::test]
async fn what_is_recorded_now_goes_first() {
    let scratch = Scratch::new();
    cut_off(&scratch, Guarantee::AtLeastOnce).await;
    let sink = Gated::new();
    let later = ManualClock::new(minute() + Duration::from_hours(1));
    let test = Started::by_clock(builder(sink.clone(), &scratch), later);
    sink.called.acquire().await.unwrap().forget();
    // One of two is under way, when somebody records and flushes.
    test.record(|| counter!("own").increment(1));
    let flush = tokio::spawn({
        let cloudwatch = test.cloudwatch.clone();
        async move { cloudwatch.flush().await.unwrap() }
    });
    until(|| scratch.records() == 3).await;
    until(|| test.cloudwatch.stats().journal_writing_bytes == 0).await;
    sink.may.add_permits(2);
    assert!(flush.await.unwrap().is_complete());
    let sent = sink.memory.data();
    let names: Vec<_> = sent.iter().map(Datum::name).collect();
    assert_eq!(names, ["n", "own"]);
}

/// More than the disk is given at a time.
#[tokio::test]
async fn all_of_a_large_window_reaches_the_disk() {
    let scratch = Scratch::new();
    let many_series = builder(Scripted::hanging(), &scratch)
        .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
    let test = Started::new(many_series);
    let series = 10_000;
    test.record(|| {
        for number in 0..series {
            let histogram = histogram!("h", "number" => number.to_string());
            (0..150).for_each(|value| histogram.record(value));
        }
    });
    test.clock.advance(Duration::from_mins(1));
    until(|| test.cloudwatch.stats().pending.data == series).await;
    let stats = || test.cloudwatch.stats();
    // Between one part that is written and the next, nothing is.
    test.settle().await;
    while stats().journal_writing_bytes > 0 {
        test.settle().await;
    }
    assert!(stats().journal_bytes > 20 * 1024 * 1024, "{:?}", stats());
    let _ = test.cloudwatch.shutdown().within(Duration::ZERO).await;
    drop(test);
    until(|| scratch.is_free()).await;
    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    until(|| test.cloudwatch.stats().delivered.data == series).await;
}
