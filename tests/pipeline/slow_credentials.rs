//! Credentials that take longer than a request may: they are loaded, once, and no request's time is spent on them.

use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
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

const GUARANTEES: [Guarantee; 2] = [Guarantee::AtLeastOnce, Guarantee::AtMostOnce];

fn with(client: Client, guarantee: Guarantee) -> CloudWatchBuilder {
    let settings = MetricSettings::new().with_guarantee(guarantee);
    CloudWatchBuilder::new("Test")
        .with_client(client)
        .with_metric_settings(Matcher::any(), settings)
}

/// Nothing has left, so that it is not ambiguous.
#[tokio::test(start_paused = true)]
async fn what_waits_for_them_at_the_end_did_not_arrive() {
    for guarantee in GUARANTEES {
        let service = service_at(&ManualClock::new(minute()));
        let slow = Slow::new(&[Duration::from_hours(1)], false);
        let test = Started::new(with(slow.client(&service), guarantee));
        test.record(|| counter!("n").increment(3));
        let shutdown = test.cloudwatch.shutdown().within(Duration::from_secs(20));
        let report = shutdown.await.unwrap();
        assert_eq!(slow.loads(), (1, 0));
        assert_eq!(report.dropped.samples, 3, "{guarantee:?}: {report}");

        let slow = Slow::new(&[Duration::from_hours(1)], false);
        let builder = with(slow.client(&service), guarantee);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        let task = tokio::spawn(exporter.run());
        metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
        let flush = cloudwatch.flush().within(Duration::from_secs(20)).await;
        assert_eq!(flush.unwrap().pending.samples, 3);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(slow.loads(), (1, 0));
        let stats = cloudwatch.stats();
        assert_eq!(stats.dropped.samples, 3, "{guarantee:?}: {stats}");
        assert!(service.requests().is_empty());
    }
}

#[tokio::test]
async fn what_waits_for_them_at_the_end_is_sent_by_the_next_process() {
    for guarantee in GUARANTEES {
        for is_shut_down in [true, false] {
            let (scratch, clock) = (Scratch::new(), ManualClock::new(minute()));
            let service = service_at(&clock);
            let build = |client| {
                let builder = with(client, guarantee).with_clock(clock.clone());
                let builder = builder.with_send_jitter(Duration::ZERO);
                builder.with_journal(scratch.path(), 1 << 24).build()
            };
            let slow = Slow::new(&[Duration::from_hours(1)], false);
            let (recorder, exporter) = build(slow.client(&service)).unwrap();
            let cloudwatch = exporter.handle();
            let task = tokio::spawn(exporter.run());
            metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
            clock.advance(Duration::from_mins(1));
            until(|| slow.loads() == (1, 0) && scratch.records() == 1).await;
            if is_shut_down {
                let shutdown = cloudwatch.shutdown().within(Duration::ZERO).await;
                assert_eq!(shutdown.unwrap().journaled.samples, 3);
                task.await.unwrap();
            } else {
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            }
            until(|| scratch.is_free()).await;
            assert_eq!(cloudwatch.stats().journaled.samples, 3);
            let (_recorder, exporter) = build(service.client()).unwrap();
            let cloudwatch = exporter.handle();
            tokio::spawn(exporter.run());
            until(|| cloudwatch.stats().pending.samples == 0 && !scratch.is_free()).await;
            until(|| scratch.records() == 0).await;
            let stats = cloudwatch.stats();
            let sent = (stats.delivered.samples, stats.repeated.samples);
            assert_eq!(sent, (3, 0), "{guarantee:?}, {is_shut_down}: {stats}");
        }
    }
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
