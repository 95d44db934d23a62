//! What the exporter says about itself: in `stats()`, and as metrics where it is asked to.

use crate::fixtures::scripted::{Fault, Scripted};
use crate::fixtures::started::{Started, minute};
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, Datum, ExplicitDatum, MemorySink, Unit,
};
use std::collections::BTreeMap;
use std::time::Duration;

const PREFIX: &str = "metrics_exporter_cloudwatch.";

fn started(sink: &Scripted) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    Started::new(
        builder
            .with_self_metrics(true)
            .with_dimension("service", "checkout")
            .with_flush_timeout(Duration::from_hours(1)),
    )
}

/// Values by name and reason, and the dimensions they all have.
fn about_itself(sink: &MemorySink) -> BTreeMap<String, f64> {
    let own = |datum: &Datum| {
        let name = datum.name().strip_prefix(PREFIX)?;
        let mut dimensions: Vec<_> = datum.dimensions().collect();
        let service = dimensions.pop();
        assert_eq!(
            service,
            Some(("service", "checkout")),
            "default dimensions are theirs, too"
        );
        let reason = dimensions.iter().map(|(_, reason)| format!(" {reason}"));
        let name = name.to_owned() + &reason.collect::<String>();
        Some((name, datum.value().statistics().sum))
    };
    sink.take().iter().filter_map(own).collect()
}

fn map<const N: usize>(pairs: [(&str, f64); N]) -> BTreeMap<String, f64> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

#[tokio::test(start_paused = true)]
async fn a_window_tells_what_happened_since_the_last() {
    use Fault::{Ambiguous, Refused, Throttled, Transient};
    let sink = Scripted::new([]);
    let test = started(&sink);
    test.record(|| counter!("n").increment(3));
    test.flush().await;
    // Nothing had happened yet.
    let first = map([("queue.bytes", 0.0), ("queue.age", 0.0)]);
    assert_eq!(about_itself(&sink.memory), first);

    // The window after that is in trouble.
    let faults = [Transient, Throttled, Ambiguous];
    sink.script.lock().unwrap().extend(faults);
    test.record(|| {
        counter!("n").increment(4);
        gauge!("depth").set(f64::NAN);
    });
    let _ = test.cloudwatch.flush().await.unwrap();
    test.record(|| counter!("m").increment(1));
    sink.script.lock().unwrap().extend([Refused]);
    let _ = test.cloudwatch.flush().await.unwrap();
    sink.memory.take();
    test.clock.advance(Duration::from_mins(1));
    test.flush().await;
    let expected = map([
        ("requests", 2.0),
        ("attempts.failed", 3.0),
        ("attempts.throttled", 1.0),
        ("attempts.ambiguous", 1.0),
        ("data.delivered", 2.0),
        ("data.repeated", 1.0),
        ("samples.refused Rejected", 1.0),
        ("samples.refused Value", 1.0),
        ("queue.bytes", 0.0),
        ("queue.age", 0.0),
        ("last_success.age", 60.0),
    ]);
    assert_eq!(about_itself(&sink.memory), expected);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_is_idle_tells_nothing_of_its_telling() {
    let sink = Scripted::new([]);
    let test = started(&sink);
    for window in 1..=5 {
        test.clock.advance(Duration::from_mins(1));
        test.flush().await;
        let told = about_itself(&sink.memory);
        if window == 1 {
            // Nothing was sent yet, and the window that just ended is still queued.
            let names: Vec<_> = told.keys().map(String::as_str).collect();
            assert_eq!(names, ["queue.age", "queue.bytes"], "{told:?}");
        } else {
            let requests = if window == 2 { 2.0 } else { 1.0 };
            let expected = [
                ("requests", requests),
                ("queue.bytes", 0.0),
                ("queue.age", 0.0),
                ("last_success.age", 60.0),
            ];
            assert_eq!(told, map(expected));
        }
        let stats = test.cloudwatch.stats();
        assert!(stats.delivered.is_zero() && stats.pending.is_zero());
        // One for each window, and one for the window before the first.
        assert_eq!(stats.requests, window + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn units_say_what_the_numbers_are() {
    let sink = Scripted::new([]);
    let test = started(&sink);
    for _ in 0..3 {
        test.record(|| counter!("n").increment(1));
        test.clock.advance(Duration::from_mins(1));
        test.flush().await;
    }
    let data = sink.memory.data();
    let own = data.iter().filter(|datum| datum.name().starts_with(PREFIX));
    for datum in own {
        let expected = match &datum.name()[PREFIX.len()..] {
            "queue.bytes" => Unit::Bytes,
            "queue.age" | "last_success.age" => Unit::Seconds,
            _ => Unit::Count,
        };
        assert_eq!(datum.unit(), Some(expected), "{}", datum.name());
    }
}

#[tokio::test(start_paused = true)]
async fn the_accounts_say_how_things_are() {
    use Fault::{Ambiguous, Hang, Throttled, Transient};
    let sink = Scripted::new([Transient, Throttled, Ambiguous, Hang]);
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let test = Started::new(builder.with_flush_timeout(Duration::from_secs(30)));
    test.record(|| counter!("n").increment(3));
    let early = minute() - Duration::from_hours(5);
    test.cloudwatch
        .put(ExplicitDatum::value("early", 1.0).with_timestamp(early))
        .unwrap();
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(report.pending.samples, 4);
    let stats = test.cloudwatch.stats();
    let attempts = (
        stats.failed_attempts,
        stats.throttled_attempts,
        stats.ambiguous_attempts,
    );
    assert_eq!(attempts, (3, 1, 1));
    assert_eq!((stats.requests, stats.last_success), (0, None));
    assert_eq!(stats.oldest_pending, Some(early));
    assert!(stats.queue_bytes > 0);
    test.clock.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.delivered.samples, stats.repeated.samples), (4, 4));
    assert_eq!(
        (stats.requests, stats.last_success),
        (1, Some(test.clock.now()))
    );
    assert_eq!((stats.oldest_pending, stats.queue_bytes), (None, 0));
}

#[tokio::test]
async fn by_default_it_says_nothing_about_itself() {
    let test = crate::fixtures::started::InMemory::new(|builder| builder);
    let data = test.data_of(|| counter!("n").increment(1)).await;
    assert_eq!(data.len(), 1);
}
