//! The nested example of cloudwatch-metrics-buffer: two functions, six values, one publication after
//! the outermost. In a process of its own, as open scopes are the process's.

use cloudwatch_local::{Local, ReceivedDatum};
use metrics_exporter_cloudwatch::CloudWatchBuilder;
use metrics_timeit::attr::{count, timeit};
use std::time::Duration;

#[timeit("api")]
#[timeit("api", "HTTP Method" => "GET")]
#[count("requests", "HTTP Method" => "GET")]
#[count("requests")]
fn process_api_request() {
    authenticate();
}

#[timeit("auth")]
#[count("auth requests")]
fn authenticate() {}

/// Name, dimensions and unit.
fn series(datum: &ReceivedDatum) -> (&str, Vec<(&str, &str)>, Option<&str>) {
    let dimensions = datum.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| (name.as_str(), value.as_str()));
    (
        &datum.metric_name,
        dimensions.collect(),
        datum.unit.as_deref(),
    )
}

#[tokio::test]
async fn six_values_are_published_once_after_the_outermost_function() {
    let local = Local::start().await.unwrap();
    let (recorder, exporter) = CloudWatchBuilder::new("Some Namespace")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_secs(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());

    metrics::with_local_recorder(&recorder, process_api_request);
    let requests = local.requests_beyond(0).await;
    assert_eq!((requests.len(), requests[0].data), (1, 6));
    assert_eq!(requests[0].refusal, None);

    let mut received = local.received();
    received.sort_by_key(|datum| (datum.metric_name.clone(), datum.dimensions.clone()));
    let get = || vec![("HTTP Method", "GET")];
    let expected = [
        ("api", vec![], Some("Milliseconds")),
        ("api", get(), Some("Milliseconds")),
        ("auth", vec![], Some("Milliseconds")),
        ("auth requests", vec![], Some("Count")),
        ("requests", vec![], Some("Count")),
        ("requests", get(), Some("Count")),
    ];
    assert_eq!(received.iter().map(series).collect::<Vec<_>>(), expected);
    assert!(received.iter().all(|datum| datum.sample_count() == 1.0));
    assert!(received[3..].iter().all(|datum| datum.sum() == 1.0));

    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(local.requests().len(), 1, "nothing was left");
}
