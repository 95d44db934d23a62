//! A clock that jumps by weeks while data wait, or a machine that slept: nothing is refused for its age by that clock
//! alone.

use crate::fixtures::started::{Started, minute};
use crate::sending::service_at;
use cloudwatch_local::{Fault, ReceivedDatum, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::limits::TimestampFault;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, ManualClock, Refusal, Stats};
use std::time::{Duration, SystemTime};

const MINUTE: Duration = Duration::from_mins(1);
const THREE_WEEKS: Duration = Duration::from_hours(24 * 21);

fn started(service: &Service, corrects: bool) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_client(service.client());
    let builder = builder.with_clock_skew_correction(corrects);
    Started::new(builder.with_flush_timeout(Duration::from_hours(1)))
}

fn stamps(service: &Service) -> Vec<SystemTime> {
    let received = service.received();
    let mut stamps: Vec<_> = received.iter().map(|datum| datum.timestamp).collect();
    stamps.sort_unstable();
    stamps
}

/// Two windows wait behind an outage, and a third one is recorded after the clocks went on by so much.
async fn outage(
    service: &Service,
    theirs: &ManualClock,
    is_asked_before: bool,
    (ours_by, theirs_by): (Duration, Duration),
) -> (Stats, Vec<Refusal>) {
    let test = started(service, true);
    if is_asked_before {
        test.record(|| counter!("n").increment(1));
        test.flush().await;
    }
    service.faults().always(Fault::Refuse);
    for _ in 0..2 {
        test.record(|| counter!("n").increment(1));
        theirs.advance(MINUTE);
        tokio::time::advance(MINUTE).await;
        test.advance(MINUTE).await;
    }
    theirs.advance(theirs_by);
    test.advance(ours_by).await;
    test.record(|| counter!("n").increment(1));
    service.faults().clear();
    let report = test.cloudwatch.flush().await.unwrap();
    assert!(report.pending.is_zero(), "{report:?}");
    let refusals = test.cloudwatch.refusals().into_iter();
    (
        test.cloudwatch.stats(),
        refusals.map(|refused| refused.reason).collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_by_weeks_loses_nothing_that_waits_and_moves_no_stamp() {
    for is_asked_before in [false, true] {
        let theirs = ManualClock::new(minute());
        let service = service_at(&theirs);
        let (stats, _) = outage(&service, &theirs, is_asked_before, (THREE_WEEKS, MINUTE)).await;
        assert!(stats.refused.is_zero(), "{stats:?}");
        let all = minute() + 3 * MINUTE;
        let mut expected = vec![minute(), minute() + MINUTE, all];
        if is_asked_before {
            expected.insert(0, minute());
        }
        assert_eq!(stamps(&service), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_after_weeks_of_suspension_is_refused_by_us_and_said_so() {
    for is_asked_before in [false, true] {
        let theirs = ManualClock::new(minute());
        let service = service_at(&theirs);
        let slept = (THREE_WEEKS, THREE_WEEKS);
        let (stats, reasons) = outage(&service, &theirs, is_asked_before, slept).await;
        assert_eq!(stats.refused.data, 2, "{stats:?}");
        let too_old = Refusal::Timestamp(TimestampFault::TooOld);
        assert_eq!(reasons, [too_old]);
        let received = service.received();
        let newest = received.iter().map(|datum: &ReceivedDatum| datum.timestamp);
        assert_eq!(newest.max(), Some(minute() + 2 * MINUTE + THREE_WEEKS));
    }
}

/// One answer whose `Date` is wrong by months costs at most the next request.
#[tokio::test(start_paused = true)]
async fn a_date_that_is_months_off_once_moves_nothing() {
    let service = service_at(&ManualClock::new(minute()));
    let test = started(&service, true);
    let headers = [
        ("date", "Sun, 06 Dec 2026 08:49:37 GMT"),
        ("x-amzn-requestid", "1"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let wrong = Fault::Answer {
        status: 503,
        headers: headers.to_vec(),
        body: Vec::new(),
    };
    service.faults().script([None, Some(wrong)]);
    for _ in 0..3 {
        test.record(|| counter!("n").increment(1));
        test.flush().await;
    }
    assert_eq!(stamps(&service), [minute(); 3]);
    // The wrong answer was one more.
    assert_eq!(service.requests().len(), 4);
}
