//! A clock that is off, and what may be learned of it from answers.

use crate::fixtures::batch::batch;
use crate::fixtures::started::{Started, minute};
use crate::sending::{PATIENCE, class, error, service_at};
use cloudwatch_local::{Fault, ReceivedDatum, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, ManualClock, PutMetricData, SendError, Sink,
    Sleeping, StorageResolution,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_corrected_and_nothing_is_lost_by_it() {
    for off in [Duration::from_hours(24), Duration::from_secs(100)] {
        for is_ahead in [true, false] {
            let theirs = if is_ahead {
                minute() - off
            } else {
                minute() + off
            };
            let service = service_at(&ManualClock::new(theirs));
            let builder = CloudWatchBuilder::new("Test").with_client(service.client());
            let test = Started::new(builder);
            for amount in [3, 4] {
                test.record(|| counter!("n").increment(amount));
                test.flush().await;
            }
            let received = service.received();
            assert_eq!(received.iter().map(ReceivedDatum::sum).sum::<f64>(), 7.0);
            // The first answer tells; what is sent after it is right.
            let stamp = received.last().unwrap().timestamp;
            assert!(
                stamp <= theirs && theirs - Duration::from_mins(1) < stamp,
                "{off:?}"
            );
        }
    }
}

/// A machine that stands still, at its second look at the clock, for so long.
#[derive(Clone)]
struct Freezing {
    start: SystemTime,
    freeze: Duration,
    looks: Arc<AtomicUsize>,
}

impl Clock for Freezing {
    fn now(&self) -> SystemTime {
        let is_frozen = self.looks.fetch_add(1, Ordering::Relaxed) >= 2;
        self.start
            + if is_frozen {
                self.freeze
            } else {
                Duration::ZERO
            }
    }

    fn sleep_until(&self, _: SystemTime) -> Sleeping<'_> {
        Box::pin(std::future::pending())
    }
}

fn sink(service: &Service, clock: impl Clock) -> PutMetricData {
    PutMetricData::new(service.client()).with_clock(clock)
}

/// The stamp that a service at `time` gets to see.
async fn stamp(sink: &PutMetricData, service: &Service, batch: &Batch) -> SystemTime {
    service.faults().clear();
    sink.send(batch, &Attempt::new(PATIENCE)).await.unwrap();
    service.received().last().unwrap().timestamp
}

#[tokio::test(start_paused = true)]
async fn a_freeze_in_mid_request_is_not_the_clocks_fault() {
    let now = SystemTime::now();
    let batch = batch(1).await;
    let service = service_at(&ManualClock::new(now));
    let sink = sink(
        &service,
        Freezing {
            start: now,
            freeze: HOUR,
            looks: Arc::default(),
        },
    );
    // Answered before the freeze, and read after it.
    let first = stamp(&sink, &service, &batch).await;
    assert_eq!(stamp(&sink, &service, &batch).await, first);
    assert_eq!(first, batch.data()[0].timestamp());
}

fn foreign(status: u16, headers: &[(&str, &str)]) -> Fault {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fault::Answer {
        status,
        headers: headers.iter().map(own).collect(),
        body: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn others_clocks_teach_nothing() {
    const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let now = SystemTime::now();
    let batch = batch(1).await;
    let service = service_at(&ManualClock::new(now));
    let sink = sink(&service, ManualClock::new(now));
    let cbor = ("content-type", "application/cbor");
    let id = ("x-amzn-requestid", "1");
    for (fault, meaning) in [
        (foreign(200, &[DATE]), "ambiguous"),
        (foreign(200, &[DATE, cbor]), "ambiguous"),
        (foreign(502, &[DATE]), "ambiguous"),
        (foreign(503, &[DATE, cbor]), "ambiguous"),
        (foreign(404, &[DATE]), "transient"),
        (foreign(503, &[DATE, id, ("age", "7")]), "ambiguous"),
        (foreign(503, &[id]), "ambiguous"),
        (foreign(503, &[id, ("date", "today")]), "ambiguous"),
    ] {
        service.faults().script([Some(fault.clone())]);
        let error = sink.send(&batch, &Attempt::new(PATIENCE)).await.err();
        assert_eq!(class(error.as_ref()), meaning, "{fault:?}");
        let stamp = stamp(&sink, &service, &batch).await;
        assert_eq!(stamp, batch.data()[0].timestamp(), "{fault:?}");
    }
    service.faults().script([Some(foreign(503, &[DATE, id]))]);
    assert!(sink.send(&batch, &Attempt::new(PATIENCE)).await.is_err());
    service.faults().clear();
    assert!(matches!(
        sink.send(&batch, &Attempt::new(PATIENCE)).await,
        Err(SendError::Transient(_))
    ));
}

/// Of two requests under way the first answer teaches, and the second is no less wrong for its time alone.
#[tokio::test(start_paused = true)]
async fn all_that_left_before_it_was_known_is_tried_again() {
    let now = SystemTime::now();
    let batch = batch(1).await;
    let service = service_at(&ManualClock::new(now + Duration::from_hours(24 * 30)));
    let sink = sink(&service, ManualClock::new(now));
    // So long that both are under way.
    let slow = Some(Fault::Latency(Duration::from_secs(1)));
    service.faults().script([slow.clone(), slow]);
    let (first, second) = tokio::join!(
        async { sink.send(&batch, &Attempt::new(PATIENCE)).await },
        async { sink.send(&batch, &Attempt::new(PATIENCE)).await }
    );
    for error in [first.err(), second.err()] {
        assert_eq!(class(error.as_ref()), "transient", "{error:?}");
    }
    sink.send(&batch, &Attempt::new(PATIENCE)).await.unwrap();
}

/// A signature of another time is refused as if the credentials were wrong.
#[tokio::test(start_paused = true)]
async fn a_signature_of_another_time_is_tried_again_at_once() {
    let now = SystemTime::now();
    let batch = batch(1).await;
    let service = service_at(&ManualClock::new(now + HOUR));
    let sink = sink(&service, ManualClock::new(now));
    service
        .faults()
        .always(error(403, "SignatureDoesNotMatch", "Signature expired"));
    for meaning in ["transient", "denied"] {
        let error = sink.send(&batch, &Attempt::new(PATIENCE)).await.err();
        assert_eq!(class(error.as_ref()), meaning);
    }
}

#[tokio::test(start_paused = true)]
async fn high_resolution_is_corrected_to_the_second_and_a_service_may_change_its_mind() {
    let theirs = ManualClock::new(minute() + Duration::from_millis(100_500));
    let service = service_at(&theirs);
    let builder = CloudWatchBuilder::new("Test")
        .with_client(service.client())
        .with_storage_resolution(StorageResolution::High);
    let test = Started::new(builder);
    let mut expected = Vec::new();
    // The first answer to each change tells of it.
    for (ahead, corrected) in [
        (100, 0),
        (100, 100),
        (120, 100),
        (3_700, 100),
        (3_700, 3_700),
        (10, 3_700),
        (10, 0),
    ] {
        theirs.set(test.clock.now() + Duration::from_secs(ahead));
        test.record(|| counter!("n").increment(1));
        test.flush().await;
        expected.push(test.clock.now() + Duration::from_secs(corrected));
        test.advance(Duration::from_secs(1)).await;
    }
    let received = service.received();
    let stamps: Vec<_> = received.iter().map(|datum| datum.timestamp).collect();
    assert_eq!(stamps, expected);
}
