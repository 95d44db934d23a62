//! A connection that idled is not used again by the default client: nobody knows whether its other end is still there.

use crate::fixtures::alone::alone;
use crate::fixtures::started::{local, minute};
use cloudwatch_local::Local;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchHandle, CloudWatchRecorder, Guarantee, ManualClock, Matcher,
    MetricSettings,
};
use std::process::Command;
use std::time::Duration;

fn only(child: &mut Command) {
    child
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
}

struct Started {
    local: Local,
    clock: ManualClock,
    recorder: CloudWatchRecorder,
    cloudwatch: CloudWatchHandle,
}

impl Started {
    /// To a server that forgets connections, with data that are not sent twice.
    async fn new() -> Self {
        let clock = ManualClock::new(minute());
        let local = local(&clock).await;
        local.faults().forget_connections();
        let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
        let builder = CloudWatchBuilder::new("Test")
            .with_region("eu-central-1")
            .with_endpoint_url(local.endpoint())
            .with_clock(clock.clone())
            .with_clock_skew_correction(false)
            .with_request_timeout(Duration::from_hours(1))
            .with_flush_timeout(Duration::from_hours(1))
            .with_metric_settings(Matcher::any(), once);
        let (recorder, exporter) = builder.build_with_default_client().await.unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        Self {
            local,
            clock,
            recorder,
            cloudwatch,
        }
    }

    /// Whether what is recorded arrives.
    async fn arrives(&self) -> bool {
        metrics::with_local_recorder(&self.recorder, || counter!("n").increment(1));
        self.cloudwatch.flush().await.unwrap().is_complete()
    }
}

/// The clock of timers goes on; it does while a process is frozen.
#[tokio::test]
async fn after_a_few_seconds() {
    alone!(only);
    let test = Started::new().await;
    for _ in 0..5 {
        assert!(test.arrives().await);
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(3_100)).await;
        tokio::time::resume();
    }
    assert_eq!(test.local.requests().len(), 5);
}

/// The clock of timers stands still, and the time of day goes on, or back.
#[tokio::test]
async fn after_the_machine_was_suspended() {
    alone!(only);
    let test = Started::new().await;
    for time in [Duration::from_hours(1), Duration::from_secs(4)] {
        assert!(test.arrives().await);
        test.clock.advance(time);
    }
    assert!(test.arrives().await);
    test.clock.set(minute());
    assert!(test.arrives().await);
    assert_eq!(test.local.requests().len(), 4);
}

/// The requests of one window share it, without which the others would prove nothing.
#[tokio::test]
async fn within_a_moment_it_is() {
    alone!(only);
    let test = Started::new().await;
    assert!(test.arrives().await);
    assert!(!test.arrives().await);
}
