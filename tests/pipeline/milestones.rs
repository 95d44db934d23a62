//! What the log says of an exporter with which all is well: one line at the start, one for the first data, one at the end.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, minute};
use crate::sending::service_at;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Region};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, ManualClock, MemorySink, SendError, Sent, Sink,
};
use std::time::Duration;

fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn start_first_data_and_end_are_said_once_for_each_destination() {
    alone!();
    let (log, _guard) = Log::start();
    let failing = Scripted::failing();
    let builder = CloudWatchBuilder::new("Shop")
        .with_sink("archive", MemorySink::new())
        .with_sink("live", failing.clone())
        .with_flush_timeout(Duration::from_secs(9));
    let test = Started::new(builder);
    test.settle().await;
    let said = log.milestones();
    assert_eq!(said.len(), 2, "{said:#?}");
    let started = "INFO metrics_exporter_cloudwatch::control::milestones: the exporter has started";
    assert_says(
        &said[0],
        &[started, r#"destination="archive" namespace="Shop""#],
    );
    assert_says(
        &said[1],
        &[started, r#"destination="live" namespace="Shop""#],
    );
    for _ in 0..3 {
        test.record(|| counter!("n").increment(5));
        let _ = test.cloudwatch.flush().await.unwrap();
    }
    let said = log.milestones();
    assert_eq!(said.len(), 3, "{said:#?}");
    assert_says(
        &said[2],
        &[
            "INFO",
            "the first data were accepted",
            "archive",
            "data=1 samples=5",
        ],
    );
    failing.recover();
    test.flush().await;
    let said = log.milestones();
    assert_eq!(said.len(), 4, "{said:#?}");
    assert_says(&said[3], &["the first data were accepted", "live"]);
    let _ = test.cloudwatch.shutdown().await.unwrap();
    let said = log.milestones();
    assert_eq!(said.len(), 5, "{said:#?}");
    let account = "archive: sent 15, pending 0; live: sent 15, pending 0";
    assert_says(&said[4], &["INFO", "the exporter has ended", account]);
}

#[tokio::test]
async fn the_start_says_what_the_journal_restored() {
    alone!();
    let scratch = Scratch::new();
    for run in 0..2 {
        let (log, _guard) = Log::start();
        let builder = CloudWatchBuilder::new("Shop").with_sink("test", Scripted::hanging());
        let builder = builder.with_journal(scratch.path(), 16 << 20);
        let test = Started::new(builder);
        test.record(|| counter!("n").increment(5));
        let shutdown = test.cloudwatch.shutdown().within(Duration::from_millis(1));
        let _ = shutdown.await.unwrap();
        drop(test);
        while !scratch.is_free() {
            tokio::task::yield_now().await;
        }
        let said = log.milestones();
        assert_says(
            &said[0],
            &[&format!("restored_records={run} restored_bytes=")],
        );
        assert_eq!(said[0].contains("restored_bytes=0"), run == 0, "{said:?}");
    }
}

#[tokio::test]
async fn the_start_says_where_cloudwatch_is() {
    alone!();
    let (log, _guard) = Log::start();
    let service = service_at(&ManualClock::new(minute()));
    let config = || service.client().config().to_builder();
    let secret = "http://user:secret@127.0.0.1:4000/path?token=secret";
    for (config, at) in [
        (config().endpoint_url(secret), "http://127.0.0.1:4000"),
        (
            aws_sdk_cloudwatch::Config::builder().behavior_version(BehaviorVersion::latest()),
            "https://monitoring.eu-central-1.amazonaws.com",
        ),
    ] {
        let before = log.milestones().len();
        let config = config.region(Region::new("eu-central-1")).build();
        let client = aws_sdk_cloudwatch::Client::from_conf(config);
        let test = Started::new(CloudWatchBuilder::new("Shop").with_client(client));
        test.settle().await;
        let mut said = log.milestones().split_off(before);
        said.retain(|line| line.contains("started"));
        assert_eq!(said.len(), 1, "{said:#?}");
        let place = format!(r#"sink="CloudWatch in eu-central-1 at {at}""#);
        assert_says(&said[0], &[r#"destination="cloudwatch""#, &place]);
        assert!(!said[0].contains("secret"), "{said:?}");
    }
}

struct Described;

impl Sink for Described {
    fn describe(&self) -> Option<String> {
        Some("a file".into())
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        Ok(Sent::default())
    }
}

#[tokio::test]
async fn a_sink_says_where_it_sends_to() {
    alone!();
    let (log, _guard) = Log::start();
    let sink = std::sync::Arc::new(Described);
    let test = Started::new(CloudWatchBuilder::new("Shop").with_sink("test", sink));
    test.settle().await;
    assert_says(&log.milestones()[0], &[r#"sink="a file""#]);
}
