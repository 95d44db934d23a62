//! `PutMetricData` by the real SDK: one attempt each, and what its errors mean.

use crate::started::{Started, local, minute, to};
use aws_sdk_cloudwatch::Client;
use cloudwatch_local::Local;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Batch, CloudWatchBuilder, ManualClock, PutMetricData, Refusal, SendError, Sending, Sink,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Passes on, and keeps what came of it to itself.
#[derive(Clone)]
struct Observed {
    inner: PutMetricData,
    errors: Arc<Mutex<Vec<Option<SendError>>>>,
}

impl Sink for Observed {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        Box::pin(async move {
            let outcome = self.inner.send(batch).await;
            self.errors.lock().unwrap().push(outcome.err());
            Ok(())
        })
    }
}

/// What one attempt with this client came to.
async fn send(client: Client, timeout: Duration) -> Option<SendError> {
    let sink = Observed {
        inner: PutMetricData::new(client).with_timeout(timeout),
        errors: Arc::default(),
    };
    let test = Started::new(CloudWatchBuilder::new("Test").with_sink(sink.clone()));
    test.record(|| counter!("n").increment(1));
    test.flush().await;
    let mut errors = sink.errors.lock().unwrap();
    assert_eq!(errors.len(), 1);
    errors.pop().unwrap()
}

/// Gives the same answer to every request, or none; counts them.
async fn answering(answer: Option<Vec<u8>>) -> (Client, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        // Open connections are kept open.
        let mut open = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 * 1024];
            let _ = connection.read(&mut request).await.unwrap();
            *counted.lock().unwrap() += 1;
            if let Some(answer) = &answer {
                connection.write_all(answer).await.unwrap();
            }
            open.push(connection);
        }
    });
    // As `cloudwatch-local`'s own client: the SDK's defaults, with three attempts.
    let config = Local::start().await.unwrap().client().config().to_builder();
    let client = Client::from_conf(config.endpoint_url(endpoint).build());
    (client, requests)
}

/// An answer with an error code, in RPC v2 CBOR; or without a code and not the service's.
fn error(status: u16, code: &str) -> Vec<u8> {
    if code.is_empty() {
        return format!("HTTP/1.1 {status} Error\r\ncontent-length: 0\r\n\r\n").into_bytes();
    }
    let mut body = vec![0xa1];
    for text in ["__type", code] {
        body.push(0x60 + u8::try_from(text.len()).unwrap());
        body.extend_from_slice(text.as_bytes());
    }
    let head = format!(
        "HTTP/1.1 {status} Error\r\ncontent-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n\
         x-amzn-query-error: {code};Sender\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

#[tokio::test]
async fn an_attempt_is_one_request_and_its_error_says_whether_another_may_help() {
    for (status, code, is_transient) in [
        (400, "InvalidParameterValue", false),
        (400, "MissingParameter", false),
        (413, "RequestEntityTooLarge", false),
        (400, "Throttling", true),
        (400, "ThrottlingException", true),
        (429, "Whatever", true),
        (403, "AccessDenied", true),
        (400, "ExpiredToken", true),
        (500, "InternalServiceError", true),
        (503, "ServiceUnavailable", true),
        (404, "", true),
        (407, "", true),
        (413, "", false),
    ] {
        let (client, requests) = answering(Some(error(status, code))).await;
        let error = send(client, Duration::from_mins(1)).await.unwrap();
        assert_eq!(*requests.lock().unwrap(), 1, "{code}");
        match error {
            SendError::Transient(_) => assert!(is_transient, "{code}: {error}"),
            SendError::Rejected { .. } => assert!(!is_transient, "{code}: {error}"),
            _ => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn no_answer_in_time_may_mend() {
    let (client, _) = answering(None).await;
    let error = send(client, Duration::from_millis(1)).await.unwrap();
    assert!(matches!(error, SendError::Transient(_)), "{error}");
    assert!(
        error.to_string().contains("timed out") || error.to_string().contains("timeout"),
        "{error}"
    );
}

#[tokio::test]
async fn no_connection_may_mend() {
    let local = Local::start().await.unwrap();
    let client = local.client();
    drop(local);
    let error = send(client, Duration::from_mins(1)).await.unwrap();
    assert!(matches!(error, SendError::Transient(_)), "{error}");
    assert!(error.to_string().contains("onnection refused"), "{error}");
}

/// A day ahead of the service's clock.
#[tokio::test]
async fn what_the_service_rejects_is_reported_with_its_own_words() {
    let local = local(&ManualClock::new(minute() - Duration::from_hours(24))).await;
    let test = Started::new(to(&local));
    test.record(|| counter!("n").increment(3));
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(local.requests().len(), 1);
    let [refused] = &*report.refused else {
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
