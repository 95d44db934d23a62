//! `PutMetricData`: one attempt by the real client, and what its error is taken for.

use crate::fixtures::batch::batch;
use crate::fixtures::polls::until;
use crate::fixtures::started::{Started, minute};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Region};
use cloudwatch_local::{Fault, Local, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Clock, CloudWatchBuilder, ManualClock, PutMetricData, Refusal, SendError, Sink,
};
use std::time::Duration;
use tokio::time::Instant;

/// One attempt to send a batch of so many data.
pub(crate) async fn send(client: Client, data: usize, timeout: Duration) -> Option<SendError> {
    let batch = batch(data).await;
    let sink = PutMetricData::new(client);
    sink.send(&batch, &Attempt::new(timeout)).await.err()
}

/// What is done about it.
pub(crate) fn class(error: Option<&SendError>) -> &'static str {
    match error {
        None => "sent",
        Some(SendError::Transient(_)) => "transient",
        Some(SendError::Ambiguous(_)) => "ambiguous",
        Some(SendError::Throttled { .. }) => "throttled",
        Some(SendError::Denied(_)) => "denied",
        Some(SendError::TooLarge(_)) => "too large",
        Some(SendError::Invalid { .. }) => "invalid",
        Some(SendError::Misdirected(_)) => "misdirected",
        Some(other) => panic!("{other:?}"),
    }
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Fault {
    Fault::Error {
        status,
        code: code.into(),
        message: message.into(),
    }
}

fn coded(status: u16, code: &str) -> Fault {
    error(status, code, "no")
}

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn faults() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::Latency(Duration::from_millis(1)), "sent"),
        (Fault::Throttle, "throttled"),
        (coded(400, "ThrottlingException"), "throttled"),
        (coded(400, "RequestLimitExceeded"), "throttled"),
        (coded(400, "PriorRequestNotComplete"), "throttled"),
        (coded(429, "TooManyRequestsException"), "throttled"),
        (coded(429, "Whatever"), "throttled"),
        (Fault::Status(429), "throttled"),
        (Fault::access_denied(), "denied"),
        (Fault::expired_token(), "denied"),
        (coded(400, "UnrecognizedClientException"), "denied"),
        (coded(403, "SignatureDoesNotMatch"), "denied"),
        (coded(403, "Whatever"), "denied"),
        (Fault::Status(407), "denied"),
        (Fault::InvalidMember(1), "invalid"),
        (coded(400, "MissingParameter"), "invalid"),
        (coded(400, "InvalidParameterCombination"), "invalid"),
        (coded(400, "SerializationException"), "invalid"),
        (coded(413, "RequestEntityTooLarge"), "too large"),
        (Fault::Status(413), "too large"),
        (coded(404, "UnknownOperationException"), "misdirected"),
        (coded(400, "Whatever"), "misdirected"),
        (
            error(
                400,
                "InvalidParameterValue",
                "The value : for parameter Namespace is invalid.",
            ),
            "misdirected",
        ),
        (Fault::service_unavailable(), "transient"),
        (coded(400, "RequestTimeout"), "transient"),
        (coded(400, "RequestTimeoutException"), "transient"),
        (Fault::Status(402), "misdirected"),
        (Fault::Status(404), "misdirected"),
        (Fault::Status(405), "misdirected"),
        (Fault::Status(410), "misdirected"),
        (Fault::Status(501), "transient"),
        (Fault::garbage([0xff; 100]), "transient"),
        (Fault::Redirect("http://localhost:1/".into()), "transient"),
        (Fault::Refuse, "transient"),
        (Fault::Certificate, "transient"),
        (Fault::internal_failure(), "ambiguous"),
        (Fault::Status(500), "ambiguous"),
        (Fault::Status(502), "ambiguous"),
        (Fault::Status(503), "ambiguous"),
        (coded(503, "Whatever"), "ambiguous"),
        (Fault::Status(408), "ambiguous"),
        (Fault::Status(504), "ambiguous"),
        (Fault::ResetBefore, "ambiguous"),
        (Fault::ResetAfter, "ambiguous"),
        (Fault::Truncate, "ambiguous"),
        (Fault::Unparsable, "ambiguous"),
        (Fault::Hang, "ambiguous"),
        (Fault::HangAfter, "ambiguous"),
        (Fault::HugeHeaders, "ambiguous"),
        (
            Fault::EndlessError {
                status: 400,
                code: "InvalidParameterValue".into(),
                pause: Duration::ZERO,
            },
            "invalid",
        ),
        // A valid answer but for its size, of which a little is read.
        (Fault::EndlessBody, "ambiguous"),
        (Fault::SlowLoris(Duration::from_secs(1)), "ambiguous"),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_one_request_and_means_what_is_done_about_it() {
    for (fault, meaning) in faults() {
        let service = Service::new();
        service.faults().always(fault.clone());
        let batch = batch(1).await;
        let sink = PutMetricData::new(service.client());
        let start = Instant::now();
        let error = sink.send(&batch, &Attempt::new(PATIENCE)).await.err();
        // And a moment, as Tokio's timers have whole milliseconds.
        assert!(
            start.elapsed() <= PATIENCE + Duration::from_millis(1),
            "{fault:?}"
        );
        assert_eq!(class(error.as_ref()), meaning, "{fault:?}: {error:?}");
        assert_eq!(service.requests().len(), 1, "{fault:?}");
    }
}

/// What is different where there is a connection.
#[tokio::test]
async fn over_a_socket_it_is_the_same() {
    let local = Local::start().await.unwrap();
    for (fault, meaning) in faults() {
        // A socket that is there cannot be refused any more.
        let meaning = match fault {
            Fault::Refuse | Fault::Certificate => "ambiguous",
            _ => meaning,
        };
        local.faults().clear();
        local.faults().always(fault.clone());
        let received = local.requests().len();
        let sending = tokio::spawn(send(local.client(), 1, PATIENCE));
        if matches!(fault, Fault::Hang | Fault::HangAfter | Fault::SlowLoris(_)) {
            until(|| local.requests().len() > received).await;
            tokio::time::pause();
            tokio::time::advance(PATIENCE).await;
            tokio::time::resume();
        }
        let error = sending.await.unwrap();
        assert_eq!(class(error.as_ref()), meaning, "{fault:?}: {error:?}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let local = Local::start().await.unwrap();
    let client = local.client();
    let config = client.config().to_builder();
    let to = |endpoint: &str| Client::from_conf(config.clone().endpoint_url(endpoint).build());
    // A handshake that fails; a name that is too long to be asked for.
    let encrypted = local.endpoint().replace("http://", "https://");
    let nowhere = format!("http://{}", "x".repeat(64));
    for endpoint in [encrypted, nowhere] {
        let error = send(to(&endpoint), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), "transient", "{endpoint}: {error:?}");
    }
    drop(local);
    let error = send(client, 1, PATIENCE).await;
    assert_eq!(class(error.as_ref()), "transient", "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn without_credentials_somebody_has_to_do_something() {
    let service = Service::new();
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .http_client(service.client().config().http_client().unwrap());
    let error = send(Client::from_conf(config.build()), 1, PATIENCE).await;
    assert_eq!(class(error.as_ref()), "denied", "{error:?}");
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn members_at_fault_are_counted_from_zero() {
    let service = Service::new();
    service.faults().always(Fault::InvalidMember(3));
    let Some(SendError::Invalid { code, members, .. }) = send(service.client(), 5, PATIENCE).await
    else {
        panic!("it is invalid")
    };
    assert_eq!((&*code, members), ("InvalidParameterValue", vec![2]));
}

pub(crate) fn service_at(clock: &ManualClock) -> Service {
    let clock = clock.clone();
    Service::with_clock(move || clock.now())
}

/// A day ahead of the service's clock.
#[tokio::test(start_paused = true)]
async fn what_the_service_rejects_is_reported_with_its_own_words() {
    let service = service_at(&ManualClock::new(minute() - Duration::from_hours(24)));
    let builder = CloudWatchBuilder::new("Test").with_client(service.client());
    let test = Started::new(builder.with_clock_skew_correction(false));
    test.record(|| counter!("n").increment(3));
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(service.requests().len(), 1);
    let [refused] = &*report.refusals else {
        panic!("{report:?}")
    };
    assert_eq!((refused.key.name(), refused.samples), ("n", 3));
    let Refusal::Rejected { code, message } = &refused.reason else {
        panic!("{refused:?}")
    };
    assert_eq!(code, "InvalidParameterValue");
    assert!(
        message.contains("MetricData.member.1.Timestamp"),
        "{message}"
    );
}
