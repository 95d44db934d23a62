//! A clock that is off, and what may be learned of it from answers.

use crate::fixtures::polls::until;
use crate::fixtures::started::{Started, minute};
use crate::sending::{PATIENCE, class, send, service_at};
use cloudwatch_local::{Fault, ReceivedDatum, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, Datum, ManualClock, MemorySink, SendError, Sent,
    Sink, StorageResolution,
};
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

/// Whose service's clock is another one.
fn started(service: &Service) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_client(service.client());
    Started::new(builder)
}

/// Flushes what was recorded, all of which arrives, and gives the stamp that the last of it had.
async fn stamp(test: &Started, service: &Service) -> SystemTime {
    test.record(|| counter!("n").increment(1));
    test.flush().await;
    service.received().last().unwrap().timestamp
}

#[tokio::test(start_paused = true)]
async fn a_freeze_in_mid_request_is_not_the_clocks_fault() {
    let theirs = ManualClock::new(minute());
    let service = service_at(&theirs);
    let test = started(&service);
    let slow = Fault::Latency(Duration::from_secs(1));
    service.faults().script([Some(slow)]);
    // Answered before the freeze, and read after it.
    let frozen = async {
        until(|| !service.requests().is_empty()).await;
        test.clock.advance(HOUR);
    };
    let (first, ()) = tokio::join!(stamp(&test, &service), frozen);
    assert_eq!(first, minute());
    theirs.advance(HOUR);
    assert_eq!(stamp(&test, &service).await, minute() + HOUR);
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
    const NEXT_DAY: (&str, &str) = ("date", "Mon, 16 Jun 2025 11:07:00 GMT");
    let cbor = ("content-type", "application/cbor");
    let id = ("x-amzn-requestid", "1");
    for (fault, meaning, is_learned) in [
        (foreign(200, &[DATE]), "sent", false),
        (foreign(200, &[DATE, cbor]), "sent", false),
        (foreign(502, &[DATE]), "ambiguous", false),
        (foreign(503, &[DATE, cbor]), "ambiguous", false),
        (foreign(404, &[DATE]), "misdirected", false),
        (foreign(503, &[DATE, id, ("age", "7")]), "ambiguous", false),
        (foreign(503, &[id]), "ambiguous", false),
        (foreign(503, &[id, ("date", "today")]), "ambiguous", false),
        (foreign(503, &[NEXT_DAY]), "ambiguous", false),
        (
            foreign(503, &[NEXT_DAY, id, ("age", "7")]),
            "ambiguous",
            false,
        ),
        // Its own, but no service of today answers then.
        (foreign(503, &[DATE, id]), "ambiguous", false),
        (foreign(200, &[DATE, id]), "sent", false),
        (foreign(503, &[NEXT_DAY, id]), "ambiguous", true),
        (foreign(200, &[NEXT_DAY, id]), "sent", true),
    ] {
        let service = service_at(&ManualClock::new(minute()));
        service.faults().script([Some(fault.clone())]);
        let error = send(service.client(), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), meaning, "{fault:?}");

        let test = started(&service);
        service.faults().script([Some(fault.clone()), None, None]);
        let before = service.requests().len();
        if meaning == "sent" {
            test.record(|| counter!("n").increment(1));
            test.flush().await;
        }
        assert_eq!(stamp(&test, &service).await, minute(), "{fault:?}");
        // What has a stamp of tomorrow is refused by the service, whose answer puts the clock right again.
        let requests = service.requests().len() - before;
        assert_eq!(requests, if is_learned { 3 } else { 2 }, "{fault:?}");
    }
}

/// Of two requests under way the first answer teaches, and the second is no less wrong for its time alone.
#[tokio::test(start_paused = true)]
async fn all_that_left_before_it_was_known_is_tried_again() {
    let theirs = minute() + Duration::from_hours(24 * 30);
    let service = service_at(&ManualClock::new(theirs));
    let test = started(&service);
    let slow = Fault::Latency(Duration::from_secs(1));
    service.faults().script([Some(slow.clone()), Some(slow)]);
    let first = async {
        test.record(|| counter!("one").increment(1));
        test.flush().await;
    };
    let second = async {
        until(|| service.requests().len() == 1).await;
        test.record(|| counter!("other").increment(1));
        test.flush().await;
    };
    let under_way = async {
        until(|| service.requests().len() == 2).await;
        assert_eq!(test.cloudwatch.stats().failed_attempts, 0);
    };
    tokio::join!(first, second, under_way);
    // The two may share the next one.
    assert!((3..=4).contains(&service.requests().len()));
    let received = service.received();
    let stamps: Vec<_> = received.iter().map(|datum| datum.timestamp).collect();
    assert_eq!(stamps, [theirs; 2]);
}

/// Says of its service's clock that it is an hour ahead, in each answer.
#[derive(Clone)]
struct Telling {
    clock: ManualClock,
    leaves: bool,
    memory: MemorySink,
}

impl Sink for Telling {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        if self.leaves {
            attempt.leaves();
        }
        attempt.service_clock(self.clock.now() + HOUR);
        self.memory.send(batch, attempt).await
    }
}

#[tokio::test(start_paused = true)]
async fn any_sink_may_tell_the_time_of_a_request_that_left() {
    for (leaves, corrects, ahead) in [
        (true, true, HOUR),
        (true, false, Duration::ZERO),
        (false, true, Duration::ZERO),
    ] {
        let sink = Telling {
            clock: ManualClock::new(minute()),
            leaves,
            memory: MemorySink::new(),
        };
        let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
        let builder = builder.with_clock_skew_correction(corrects);
        let test = Started::by_clock(builder, sink.clock.clone());
        for expected in [minute(), minute() + ahead] {
            test.record(|| counter!("n").increment(1));
            test.flush().await;
            let data = sink.memory.take();
            assert_eq!(data[0].timestamp(), expected, "{leaves}, {corrects}");
        }
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
