//! What keeps data waiting, in the log.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::started::{Started, minute};
use crate::sending::{error, service_at};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Credentials;
use cloudwatch_local::Fault;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, ManualClock};
use std::time::Duration;

/// By CloudWatch's own sink, in the order of what happens.
#[tokio::test(start_paused = true)]
async fn what_keeps_data_waiting_is_said_once_and_so_is_its_end() {
    alone!();
    let (log, _guard) = Log::start();
    let service = service_at(&ManualClock::new(minute()));
    let slow = provide_credentials_fn(|| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok(Credentials::new("local", "local", None, None, "test"))
    });
    let config = service.client().config().to_builder();
    let client = Client::from_conf(config.credentials_provider(slow).build());
    let builder = CloudWatchBuilder::new("Test").with_client(client);
    let test = Started::new(builder.with_flush_timeout(Duration::from_hours(1)));
    let bare = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let wrong = error(404, "UnknownOperationException", "no");
    service.faults().script([
        None,
        Some(wrong.clone()),
        Some(wrong),
        Some(bare.clone()),
        Some(bare),
    ]);
    for _ in 0..3 {
        test.record(|| counter!("n").increment(1));
        test.flush().await;
    }
    let lines = log.lines();
    let expected = [
        ["WARN", "credentials", "seconds=5"],
        ["INFO", "requests are answered again", "attempts=1"],
        [
            "ERROR",
            "check endpoint",
            "HTTP 404 from localhost: UnknownOperationException: no",
        ],
        [
            "WARN",
            "the destination took the data",
            "without CloudWatch's headers",
        ],
        ["INFO", "requests are answered again", "attempts=3"],
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(
            expected.iter().all(|part| line.contains(part)),
            "{expected:?}: {lines:#?}"
        );
    }
}
