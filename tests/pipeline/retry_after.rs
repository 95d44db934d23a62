//! How long the service asks to be left alone, and that it is.

use crate::fixtures::polls::until;
use crate::fixtures::started::Started;
use crate::sending::{PATIENCE, class, send};
use cloudwatch_local::{Fault, Local, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, ManualClock, PutMetricData, SendError, Sent, Sink,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// The most that is heeded, as `SendError::Throttled` says.
const MOST: Duration = Duration::from_mins(5);

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Fault {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fault::Answer {
        status,
        headers: headers.iter().map(own).collect(),
        body: body.to_vec(),
    }
}

fn throttled(retry_after: &str) -> Fault {
    answer(429, &[("retry-after", retry_after)], &[])
}

/// By the service's own code.
fn unavailable(headers: &[(&str, &str)]) -> Fault {
    let mut own = vec![
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
    ];
    own.extend(headers);
    answer(503, &own, b"\xa1\x66__type\x72ServiceUnavailable")
}

/// What a fault is taken for, and for how long.
async fn told(fault: Fault) -> (&'static str, Option<Duration>) {
    let service = Service::new();
    service.faults().always(fault);
    let error = send(service.client(), 1, PATIENCE).await;
    let time = match &error {
        Some(SendError::Throttled { retry_after, .. }) => *retry_after,
        _ => None,
    };
    (class(error.as_ref()), time)
}

#[tokio::test(start_paused = true)]
async fn it_is_read_as_seconds_or_as_a_date() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let date = ("date", "Tue, 15 Nov 1994 08:12:31 GMT");
    let later = ("retry-after", "Tue, 15 Nov 1994 08:13:01 GMT");
    let earlier = ("retry-after", "Tue, 15 Nov 1994 08:12:30 GMT");
    for (fault, expected) in [
        (throttled("30"), seconds(30)),
        (throttled(" 0 "), seconds(0)),
        (throttled("99999999999999999999999"), seconds(u64::MAX)),
        (throttled(""), None),
        (throttled("-1"), None),
        (throttled("1.5"), None),
        (throttled("soon"), None),
        (answer(429, &[date, later], &[]), seconds(30)),
        (answer(429, &[date, earlier], &[]), None),
        // By whose clock?
        (answer(429, &[later], &[]), None),
        (answer(429, &[], &[]), None),
        (Fault::Throttle, None),
    ] {
        assert_eq!(
            told(fault.clone()).await,
            ("throttled", expected),
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_did_not_begin_may_ask_for_it_too() {
    let half = ("retry-after", "30");
    for (fault, expected) in [
        (
            unavailable(&[half]),
            ("throttled", Some(Duration::from_secs(30))),
        ),
        (unavailable(&[]), ("transient", None)),
        // Nobody knows how far these came.
        (answer(503, &[half], &[]), ("ambiguous", None)),
        (answer(404, &[half], &[]), ("misdirected", None)),
    ] {
        assert_eq!(told(fault.clone()).await, expected, "{fault:?}");
    }
}

/// Counts the attempts.
#[derive(Clone)]
struct Counted(PutMetricData, Arc<AtomicUsize>);

impl Sink for Counted {
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        self.0.added_len(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.send(batch, attempt).await
    }
}

/// Over a socket, with a flush that waits for it, and another that comes in the middle.
#[tokio::test]
async fn no_request_starts_before_it_is_over() {
    // For a machine that stands still before the time does.
    let margin = Duration::from_secs(5);
    for (retry_after, expected) in [("30", Duration::from_secs(30)), ("86400", MOST)] {
        let local = Local::start().await.unwrap();
        local.faults().script([Some(throttled(retry_after))]);
        let attempts = Arc::new(AtomicUsize::new(0));
        let sink = Counted(PutMetricData::new(local.client()), Arc::clone(&attempts));
        let long = Duration::from_hours(1);
        let builder = CloudWatchBuilder::new("Test")
            .with_sink("test", sink)
            .with_clock_skew_correction(false)
            .with_request_timeout(long)
            .with_flush_timeout(long);
        let test = Started::by_clock(builder, ManualClock::new(SystemTime::now()));
        test.record(|| counter!("n").increment(1));
        let first = async { test.flush().await };
        let other = async {
            until(|| test.cloudwatch.stats().throttled_attempts == 1).await;
            tokio::time::pause();
            tokio::time::advance(expected / 2).await;
            test.record(|| counter!("n").increment(1));
            let flush = test.cloudwatch.flush();
            let hurried = async {
                test.settle().await;
                tokio::time::advance((expected / 2).saturating_sub(margin)).await;
                test.settle().await;
                assert_eq!(attempts.load(Ordering::Relaxed), 1, "{retry_after}");
                // And a moment, so that a fleet does not come back all at once.
                tokio::time::advance(margin * 2).await;
                test.settle().await;
                assert!(attempts.load(Ordering::Relaxed) > 1, "{retry_after}");
                tokio::time::resume();
            };
            let (report, ()) = tokio::join!(flush, hurried);
            assert!(report.unwrap().is_complete());
        };
        tokio::join!(first, other);
        assert_eq!(local.received().len(), 2, "{retry_after}");
    }
}
