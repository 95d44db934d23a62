//! What a sink of one's own may say, and when it is asked.

use crate::fixtures::started::Started;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{Credentials, SharedCredentialsProvider};
use cloudwatch_local::Service;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Blocking, CloudWatchBuilder, Confirms, Datum, ExplicitDatum, Profile, PutError,
    PutMetricData, Refusal, SendError, Sent, Sink,
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
    assert_eq!((report.delivered.data, report.refused.samples), (12, 5));
    assert_eq!(report.refusals[0].key.name(), "odd");
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
    assert!(report.delivered.is_zero() && report.pending.is_zero());
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
    assert_eq!((report.delivered.data, report.delivered.samples), (7, 14));
    let mut by_code: Vec<_> = report
        .refusals
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

/// What waits for a call that takes long is withdrawn, not sent twice; and a panic is the end of one attempt alone.
#[tokio::test]
async fn what_blocks_sends_nothing_twice_and_outlives_a_panic() {
    let (calls, (go, may)) = (Arc::new(Mutex::new(0)), std::sync::mpsc::channel::<bool>());
    let counted = Arc::clone(&calls);
    let blocking = Blocking::new(move |_| {
        *counted.lock().unwrap() += 1;
        assert!(may.recv().unwrap(), "it was told to");
        Ok(Sent::default())
    });
    let blocking = blocking.unwrap();
    let batch = crate::fixtures::batch::batch(1).await;
    let long = Attempt::new(Duration::from_hours(1));
    let first = blocking.send(&batch, &long);
    let mut first = std::pin::pin!(first);
    // It begins; and another one comes to wait, and goes.
    let waits = async {
        while *calls.lock().unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        let others = Attempt::new(Duration::ZERO);
        let second = blocking.send(&batch, &others);
        others.leaves();
        second.await
    };
    let second = tokio::select! {
        biased;
        _ = &mut first => unreachable!("it was not let go"),
        second = waits => second,
    };
    assert!(matches!(second, Err(SendError::Transient(_))), "{second:?}");
    go.send(true).unwrap();
    first.await.unwrap();
    go.send(false).unwrap();
    let panicked = blocking.send(&batch, &long).await;
    assert!(
        matches!(panicked, Err(SendError::Ambiguous(_))),
        "{panicked:?}"
    );
    go.send(true).unwrap();
    blocking.send(&batch, &long).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), 3);
}

/// Also what an application puts, and only what it takes.
#[tokio::test]
async fn what_it_would_not_take_is_refused_whoever_made_it() {
    let profile = Profile::default().with_max_values(10);
    let sink = Asked {
        profile,
        ..Asked::default()
    };
    let builder = CloudWatchBuilder::new("Test").with_sink("asked", sink.clone());
    let test = Started::new(builder);
    let put = |datum| test.cloudwatch.put(datum);
    let odd = put(ExplicitDatum::value("odd", 1.0));
    assert!(matches!(odd, Err(PutError::Series(_))), "{odd:?}");
    let values: Vec<f64> = (0..11).map(f64::from).collect();
    let many = put(ExplicitDatum::values("many", &values, &[1.0; 11]));
    assert_eq!(many, Err(PutError::TooManyValues(11)));
    put(ExplicitDatum::values("few", &values[..10], &[1.0; 10])).unwrap();
    test.record(|| (0..1_000).for_each(|n| metrics::histogram!("h").record(n)));
    let report = test.cloudwatch.shutdown().await.unwrap();
    assert_eq!((report.delivered.data, report.refused.samples), (2, 0));
}
