//! A request has the exporter's time, whatever the client has been set to.

use crate::fixtures::polls::until;
use crate::sending::{class, send};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use cloudwatch_local::{Fault, Local, Service};
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// Of the exporter.
const TIMEOUT: Duration = Duration::from_secs(4);

fn settings(time: Duration) -> [TimeoutConfigBuilder; 5] {
    let builder = TimeoutConfig::builder;
    [
        builder().read_timeout(time),
        builder().operation_timeout(time),
        builder().operation_attempt_timeout(time),
        builder()
            .read_timeout(time)
            .operation_timeout(time)
            .operation_attempt_timeout(time),
        // By default there is one for connections alone.
        builder().connect_timeout(SECOND / 2).read_timeout(time),
    ]
}

fn with(client: &Client, timeouts: TimeoutConfigBuilder) -> Client {
    let config = client.config().to_builder();
    Client::from_conf(config.timeout_config(timeouts.build()).build())
}

#[tokio::test(start_paused = true)]
async fn a_clients_own_is_neither_heeded_where_it_is_shorter_nor_where_it_is_longer() {
    for (theirs, takes, expected, after) in [
        (SECOND, 3 * SECOND, "sent", 3 * SECOND),
        (60 * SECOND, 30 * SECOND, "ambiguous", TIMEOUT),
    ] {
        for timeouts in settings(theirs) {
            let service = Service::new();
            service.faults().always(Fault::Latency(takes));
            let client = with(&service.client(), timeouts.clone());
            let start = Instant::now();
            let error = send(client, 1, TIMEOUT).await;
            assert_eq!(class(error.as_ref()), expected, "{timeouts:?}: {error:?}");
            assert!(start.elapsed() >= after, "{timeouts:?}");
            let late = start.elapsed().saturating_sub(after);
            assert!(late < Duration::from_millis(10), "{timeouts:?}: {late:?}");
            assert_eq!(service.requests().len(), 1, "{timeouts:?}");
        }
    }
}

/// Where the SDK's own HTTP client has them.
#[tokio::test]
async fn over_a_socket_it_is_the_same() {
    for timeouts in settings(SECOND) {
        let local = Local::start().await.unwrap();
        local.faults().always(Fault::Latency(3 * SECOND));
        let client = with(&local.client(), timeouts.clone());
        let sending = tokio::spawn(send(client, 1, TIMEOUT));
        until(|| !local.requests().is_empty()).await;
        tokio::time::pause();
        for _ in 0..30 {
            tokio::time::advance(SECOND / 10).await;
        }
        tokio::time::resume();
        let error = sending.await.unwrap();
        assert_eq!(class(error.as_ref()), "sent", "{timeouts:?}: {error:?}");
        assert_eq!(local.requests().len(), 1, "{timeouts:?}");
    }
}
