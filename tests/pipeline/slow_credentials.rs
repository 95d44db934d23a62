//! Credentials that take longer than a request may: they are loaded, once, and no request's time is spent on them.

use crate::fixtures::started::{Started, minute};
use crate::sending::{PATIENCE, class, send, service_at};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Credentials;
use cloudwatch_local::{ReceivedDatum, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Guarantee, ManualClock, Matcher, MetricSettings,
    SendError, Sent, Sink,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Takes these times, one after the other, and then the last.
#[derive(Clone, Debug)]
struct Slow {
    times: Arc<[Duration]>,
    expire: bool,
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Slow {
    fn new(times: &[Duration], expire: bool) -> Self {
        Self {
            times: times.into(),
            expire,
            begun: Arc::default(),
            ended: Arc::default(),
        }
    }

    fn client(&self, service: &Service) -> Client {
        let config = service.client().config().to_builder();
        Client::from_conf(config.credentials_provider(self.clone()).build())
    }

    fn loads(&self) -> (usize, usize) {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        (count(&self.begun), count(&self.ended))
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.times[number.min(self.times.len() - 1)]).await;
        self.ended.fetch_add(1, Ordering::Relaxed);
        // What expires now is good for one request.
        let expiry = self.expire.then(SystemTime::now);
        Ok(Credentials::new("local", "local", None, expiry, "test"))
    }
}

impl ProvideCredentials for Slow {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

const ALL: [Duration; 3] = [
    Duration::from_millis(4_500),
    Duration::from_secs(6),
    Duration::from_secs(90),
];

fn started(client: Client) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_client(client);
    Started::new(builder.with_flush_timeout(Duration::from_hours(1)))
}

#[tokio::test(start_paused = true)]
async fn at_the_start_they_are_waited_for() {
    for time in ALL {
        let service = service_at(&ManualClock::new(minute()));
        let slow = Slow::new(&[time], false);
        let test = started(slow.client(&service));
        let start = Instant::now();
        // More than one request.
        test.record(|| {
            for number in 0..1_500 {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        });
        test.flush().await;
        assert_eq!(service.received().len(), 1_500);
        assert_eq!(service.requests().len(), 2);
        assert_eq!(slow.loads(), (1, 1), "{time:?}");
        assert!(start.elapsed() >= time);
        let late = start.elapsed().saturating_sub(time);
        assert!(late < Duration::from_millis(100), "{time:?}: {late:?}");
        assert_eq!(test.cloudwatch.stats().failed_attempts, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn and_in_mid_life_each_time() {
    for time in ALL {
        let service = service_at(&ManualClock::new(minute()));
        let slow = Slow::new(&[Duration::ZERO, time], true);
        let test = started(slow.client(&service));
        for window in 1..=3 {
            test.record(|| counter!("n").increment(window));
            test.flush().await;
        }
        let sums: f64 = service.received().iter().map(ReceivedDatum::sum).sum();
        assert_eq!(sums, 6.0);
        assert_eq!(slow.loads(), (3, 3), "{time:?}");
        assert_eq!(test.cloudwatch.stats().failed_attempts, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_are_enough() {
    let service = Service::new();
    let slow = Slow::new(&[Duration::from_hours(1)], false);
    let start = Instant::now();
    let error = send(slow.client(&service), 1, PATIENCE).await;
    assert_eq!(class(error.as_ref()), "transient", "{error:?}");
    assert_eq!(error.unwrap().to_string(), "no credentials in time");
    assert!(start.elapsed() >= Duration::from_mins(10));
    let late = start.elapsed().saturating_sub(Duration::from_mins(10));
    assert!(late < Duration::from_millis(10), "{late:?}");
    assert!(service.requests().is_empty());
}

/// Any request's time is valid.
#[tokio::test(start_paused = true)]
async fn no_request_has_too_much_time() {
    let service = Service::new();
    let slow = Slow::new(&[Duration::from_secs(6)], false);
    let error = send(slow.client(&service), 1, Duration::MAX).await;
    assert_eq!(class(error.as_ref()), "sent", "{error:?}");
}

/// Leaves, and hears nothing.
struct Unanswered;

impl Sink for Unanswered {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.awaits_credentials();
        attempt.leaves();
        std::future::pending().await
    }
}

/// A sink that goes on when its time is up has a second more.
#[tokio::test(start_paused = true)]
async fn a_request_has_no_time_that_credentials_have() {
    let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
    let second = Duration::from_secs(1);
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("test", Unanswered)
        .with_request_timeout(second)
        .with_metric_settings(Matcher::any(), once);
    let test = Started::new(builder);
    test.record(|| counter!("n").increment(1));
    let start = Instant::now();
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(report.ambiguous.samples, 1);
    let late = start.elapsed().abs_diff(2 * second);
    assert!(late < Duration::from_millis(10), "{late:?}");
}
