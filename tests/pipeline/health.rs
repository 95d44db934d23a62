//! Whether all is well, as a readiness probe and a reader of an account see it.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::scripted::{Fault, Scripted, start};
use crate::fixtures::started::{InMemory, Started, minute};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Health, ManualClock, MemorySink, SendError, Sent,
    Sink, Trouble,
};
use std::time::{Duration, SystemTime};

const MINUTE: Duration = Duration::from_mins(1);

fn degraded(reason: Trouble, since: SystemTime) -> Health {
    Health::Degraded { since, reason }
}

#[tokio::test(start_paused = true)]
async fn health_says_what_is_wrong_with_requests_until_they_are_answered() {
    for (fault, reason, says) in [
        (
            Fault::Transient,
            Trouble::Failing,
            "no connection, or the destination fails",
        ),
        (Fault::Ambiguous, Trouble::Unanswered, "no answers"),
        (
            Fault::Throttled,
            Trouble::Throttled,
            "requests are throttled",
        ),
        (Fault::Denied, Trouble::Denied, "not allowed to send"),
        (
            Fault::Misdirected,
            Trouble::Misdirected,
            "wrong endpoint, region or account",
        ),
    ] {
        let sink = Scripted::new(vec![fault; 1_000]);
        let test = start(&sink);
        assert_eq!(test.cloudwatch.health(), Health::Ok);
        test.record(|| counter!("n").increment(1));
        test.advance(MINUTE).await;
        let since = minute() + MINUTE;
        test.advance(MINUTE).await;
        let report = test.cloudwatch.flush().within(Duration::from_secs(9)).await;
        let (report, stats) = (report.unwrap(), test.cloudwatch.stats());
        let health = degraded(reason, since);
        assert_eq!(test.cloudwatch.health(), health);
        assert_eq!((report.health, stats.health), (health, health));
        let line = format!("sent 0, pending 1 ({says} since 2025-06-15T15:08:00Z)");
        assert_eq!(report.to_string(), line);
        let said = stats.to_string();
        assert!(
            said.ends_with(&format!("({says} since 2025-06-15T15:08:00Z)")),
            "{said}"
        );
        sink.recover();
        // Throttling is over after a few requests that were answered.
        for _ in 0..10 {
            test.record(|| counter!("n").increment(1));
            test.flush().await;
        }
        assert_eq!(test.cloudwatch.health(), Health::Ok);
        assert!(test.cloudwatch.stats().health.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_awaited_are_trouble_until_they_are_there() {
    let sink = Scripted::new([[Fault::NoCredentials; 1].as_slice(), &[Fault::Denied; 99]].concat());
    let test = start(&sink);
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    assert_eq!(test.cloudwatch.health(), Health::Ok, "not long yet");
    tokio::time::sleep(Duration::from_secs(6)).await;
    let since = minute() + MINUTE;
    let health = degraded(Trouble::AwaitingCredentials, since);
    assert_eq!(test.cloudwatch.health(), health);
    let says = "waiting for credentials since 2025-06-15T15:08:00Z";
    assert_eq!(health.to_string(), says);
    tokio::time::sleep(Duration::from_secs(25)).await;
    let health = degraded(Trouble::Denied, since);
    assert_eq!(test.cloudwatch.health(), health);
    sink.recover();
    test.flush().await;
    assert_eq!(test.cloudwatch.health(), Health::Ok);
}

#[tokio::test(start_paused = true)]
async fn refused_samples_are_trouble_for_five_minutes() {
    let InMemory { started, .. } = InMemory::new(|builder| builder);
    started.record(|| counter!("n", "path" => "ü").increment(1));
    started.advance(MINUTE).await;
    let since = minute() + MINUTE;
    started.record(|| counter!("n", "path" => "ö").increment(1));
    started.advance(MINUTE).await;
    started.advance(Duration::from_secs(299)).await;
    assert_eq!(
        started.cloudwatch.health(),
        degraded(Trouble::Refusing, since)
    );
    started.advance(Duration::from_secs(1)).await;
    assert_eq!(started.cloudwatch.health(), Health::Ok);
}

#[tokio::test(start_paused = true)]
async fn of_several_destinations_the_worst_is_told() {
    let clock = ManualClock::new(minute());
    let denied = Scripted::new(vec![Fault::Denied; 100]);
    let throttled = Scripted::new(vec![Fault::Throttled; 100]);
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("well", MemorySink::new())
        .with_sink("throttled", throttled)
        .with_sink("denied", denied.clone());
    let test = Started::by_clock(builder.with_flush_timeout(10 * MINUTE), clock);
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    let since = minute() + MINUTE;
    assert_eq!(test.cloudwatch.health(), degraded(Trouble::Denied, since));
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.health, degraded(Trouble::Denied, since));
    let each = stats.destinations.values().map(|one| one.health);
    let expected = [
        degraded(Trouble::Denied, since),
        degraded(Trouble::Throttled, since),
        Health::Ok,
    ];
    assert_eq!(each.collect::<Vec<_>>(), expected);
    denied.recover();
    let flush = test.cloudwatch.flush_destination("denied");
    assert!(flush.await.unwrap().is_complete());
    assert_eq!(
        test.cloudwatch.health(),
        degraded(Trouble::Throttled, since)
    );
}

#[tokio::test]
async fn an_exporter_that_does_not_run_is_not_well() {
    let clock = ManualClock::new(minute());
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let (_recorder, exporter) = builder.with_clock(clock.clone()).build().unwrap();
    let cloudwatch = exporter.handle();
    clock.advance(MINUTE);
    let not_running = |since| degraded(Trouble::NotRunning, since);
    assert_eq!(
        cloudwatch.health(),
        not_running(minute()),
        "it was not started"
    );
    let task = tokio::spawn(exporter.run());
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(cloudwatch.health(), Health::Ok);
    clock.advance(MINUTE);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    clock.advance(MINUTE);
    assert_eq!(cloudwatch.health(), not_running(minute() + 2 * MINUTE));
    assert_eq!(
        cloudwatch.health().to_string(),
        "the exporter does not run since 2025-06-15T15:09:00Z"
    );
}

/// Refuses whatever it gets, and names nobody.
struct Refusing(fn() -> SendError);

impl Sink for Refusing {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Err((self.0)())
    }
}

/// No datum is refused, as nobody knows which is bad; but nothing arrives, and that is told.
#[tokio::test(start_paused = true)]
async fn requests_that_are_refused_are_trouble_before_a_datum_is_known() {
    alone!();
    let (log, _guard) = Log::start();
    let refusals: [fn() -> SendError; 2] = [
        || SendError::TooLarge("no".into()),
        || SendError::Invalid {
            code: "InvalidParameterValue".into(),
            message: "no".into(),
            members: Vec::new(),
        },
    ];
    for refusal in refusals {
        for series in [1, 300] {
            let before = log.lines().len();
            let builder = CloudWatchBuilder::new("Test").with_sink("test", Refusing(refusal));
            let test = Started::new(builder);
            for _ in 0..60 {
                for number in 0..series {
                    let one = || counter!("n", "number" => number.to_string());
                    test.record(|| one().increment(1));
                }
                test.advance(MINUTE).await;
                tokio::time::sleep(MINUTE).await;
                // Until so many are refused in a row that it is not for what is in them.
                let refusing = degraded(Trouble::Refusing, minute() + MINUTE);
                let health = test.cloudwatch.health();
                let is_all = matches!(
                    health,
                    Health::Degraded {
                        reason: Trouble::RefusingAll,
                        ..
                    }
                );
                assert!(health == refusing || is_all, "{health:?}");
            }
            let health = test.cloudwatch.health();
            let is_all = matches!(
                health,
                Health::Degraded {
                    reason: Trouble::RefusingAll,
                    ..
                }
            );
            assert!(is_all, "{health:?}");
            let lines = log.lines().split_off(before);
            assert!((1..60).contains(&lines.len()), "{lines:#?}");
            let says = lines[0].contains("requests are refused") && lines[0].contains(": no");
            assert!(says, "{lines:#?}");
        }
    }
}
