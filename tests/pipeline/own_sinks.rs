//! What a sink of one's own may say, and when it is asked.

use crate::fixtures::started::Started;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{Credentials, SharedCredentialsProvider};
use cloudwatch_local::Service;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Confirms, Datum, Profile, PutMetricData, Refusal, SendError,
    Sent, Sink,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// What was asked of it, in order.
#[derive(Clone, Default)]
struct Asked {
    calls: Arc<Mutex<Vec<String>>>,
    profile: Profile,
    sent: Sent,
}

impl Asked {
    fn note(&self, call: impl Into<String>) {
        self.calls.lock().unwrap().push(call.into());
    }
}

impl Sink for Asked {
    fn profile(&self) -> Profile {
        self.profile
    }

    fn check(&self, datum: &Datum) -> Result<(), Refusal> {
        let refusal = || Refusal::Rejected {
            code: "Odd".into(),
            message: "not here".into(),
        };
        (datum.name() != "odd").then_some(()).ok_or_else(refusal)
    }

    fn added_len(&self, batch: &Batch, _: &Datum) -> usize {
        if batch.data().is_empty() { 110 } else { 10 }
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        self.note(format!("send {}", batch.data().len()));
        Ok(self.sent.clone())
    }

    async fn close(&self) {
        self.note("close");
    }
}

async fn sends(sink: &Asked, data: usize) -> metrics_exporter_cloudwatch::FlushReport {
    let builder = CloudWatchBuilder::new("Test").with_max_in_flight(1);
    let test = Started::new(builder.with_sink("asked", sink.clone()));
    test.record(|| {
        counter!("odd").increment(5);
        for number in 0..data {
            counter!("n", "number" => number.to_string()).increment(2);
        }
    });
    test.cloudwatch.shutdown().await.unwrap()
}

fn refused(code: &str) -> Refusal {
    Refusal::Rejected {
        code: code.into(),
        message: String::new(),
    }
}

#[tokio::test]
async fn it_gets_what_it_takes_and_is_closed_once_and_last() {
    let profile = Profile::default().with_max_data(7).with_max_bytes(150);
    let sink = Asked {
        profile,
        ..Asked::default()
    };
    let report = sends(&sink, 12).await;
    // The first takes 110 bytes, and each that comes to it 10.
    assert_eq!(
        *sink.calls.lock().unwrap(),
        ["send 5", "send 5", "send 2", "close"]
    );
    assert_eq!((report.sent.data, report.samples_refused), (12, 5));
    assert_eq!(report.refused[0].key.name(), "odd");
    let profile = profile.with_max_bytes(1_000_000);
    let sink = Asked {
        profile,
        ..Asked::default()
    };
    let _ = sends(&sink, 12).await;
    assert_eq!(sink.calls.lock().unwrap()[..2], ["send 7", "send 5"]);
}

#[tokio::test]
async fn what_nobody_confirms_is_handed_over() {
    let profile = Profile::default().with_confirmation(Confirms::Nothing);
    let sink = Asked {
        profile,
        ..Asked::default()
    };
    let report = sends(&sink, 3).await;
    assert_eq!(
        (report.handed_over.data, report.handed_over.samples),
        (3, 6)
    );
    assert!(report.sent.is_zero() && report.pending.is_zero());
}

#[tokio::test]
async fn what_is_refused_of_a_batch_that_was_taken_is_no_longer_waited_for() {
    let sent = Sent::default()
        .with_refused(1, refused("Second"))
        .with_refused_number(2, refused("Two"));
    let sink = Asked {
        sent,
        ..Asked::default()
    };
    let report = sends(&sink, 10).await;
    assert_eq!((report.sent.data, report.sent.samples), (7, 14));
    let mut by_code: Vec<_> = report
        .refused
        .iter()
        .map(|refused| {
            (
                refused.reason.to_string(),
                refused.key.name().to_owned(),
                refused.samples,
            )
        })
        .collect();
    by_code.sort_unstable();
    let expected = [
        ("Odd: not here", "odd", 5),
        ("Second: ", "n", 2),
        ("Two: ", "*", 4),
    ];
    let expected = expected.map(|(reason, name, samples)| {
        (
            format!("the request was rejected: {reason}"),
            name.to_owned(),
            samples,
        )
    });
    assert_eq!(by_code, expected);
    assert!(report.pending.is_zero());
}

/// Of a provider that takes its time.
#[derive(Debug)]
struct Slow(Duration);

impl ProvideCredentials for Slow {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            tokio::time::sleep(self.0).await;
            Ok(Credentials::new("slow", "slow", None, None, "test"))
        })
    }
}

/// The SDK's own bound for credentials is 5 seconds; a request has one here.
#[tokio::test(start_paused = true)]
async fn a_requests_time_begins_when_there_are_credentials() {
    let service = Service::new();
    let config = service.client().config().to_builder();
    let provider = SharedCredentialsProvider::new(Slow(Duration::from_millis(4_500)));
    let client = Client::from_conf(config.credentials_provider(provider).build());
    let sink = PutMetricData::new(client);
    let datum = crate::fixtures::batch::batch(1).await;
    let (second, start) = (Duration::from_secs(1), Instant::now());
    sink.send(&datum, &Attempt::new(second)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(4_500));
    // And it has no more than that.
    service.faults().always(cloudwatch_local::Fault::Hang);
    let start = Instant::now();
    let error = sink.send(&datum, &Attempt::new(second)).await.unwrap_err();
    assert!(matches!(error, SendError::Ambiguous(_)), "{error:?}");
    assert!(start.elapsed() <= second + Duration::from_millis(2));
}
