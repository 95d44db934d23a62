//! The layers of `metrics-util` and `metrics-tracing-context` on top of the recorder.

use crate::fixtures::started::InMemory;
use metrics::{Recorder, counter};
use metrics_tracing_context::{MetricsLayer, TracingContextLayer};
use metrics_util::MetricKindMask;
use metrics_util::layers::{FanoutBuilder, FilterLayer, Layer, PrefixLayer, RouterBuilder};
use tracing_subscriber::layer::SubscriberExt;

fn in_memory() -> InMemory {
    InMemory::new(|builder| builder)
}

/// Records through a recorder, and gives the sum of a series that arrived at `test`.
async fn sum(
    test: &InMemory,
    recorder: &dyn Recorder,
    record: impl FnOnce(),
    series: (&str, &[(&str, &str)]),
) -> f64 {
    metrics::with_local_recorder(recorder, record);
    test.started.flush().await;
    test.sink.sum(series.0, series.1)
}

#[tokio::test]
async fn fanout_reaches_every_recorder() {
    let (one, other) = (in_memory(), in_memory());
    let fanout = FanoutBuilder::default()
        .add_recorder(one.started.recorder.clone())
        .add_recorder(other.started.recorder.clone())
        .build();
    assert_eq!(
        sum(&one, &fanout, || counter!("n").increment(2), ("n", &[])).await,
        2.0
    );
    assert_eq!(sum(&other, &fanout, || {}, ("n", &[])).await, 2.0);
}

#[tokio::test]
async fn prefix_is_part_of_the_name() {
    let test = in_memory();
    let layered = PrefixLayer::new("shop").layer(test.started.recorder.clone());
    let sum = sum(
        &test,
        &layered,
        || counter!("n").increment(2),
        ("shop.n", &[]),
    )
    .await;
    assert_eq!(sum, 2.0);
}

#[tokio::test]
async fn filter_keeps_out_what_it_names() {
    let test = in_memory();
    let layered = FilterLayer::from_patterns(["debug"]).layer(test.started.recorder.clone());
    let record = || {
        counter!("debug.n").increment(1);
        counter!("n").increment(2);
    };
    assert_eq!(sum(&test, &layered, record, ("n", &[])).await, 2.0);
    assert_eq!(test.sink.data().len(), 1);
}

#[tokio::test]
async fn router_sends_each_to_its_recorder() {
    let (http, rest) = (in_memory(), in_memory());
    let mut router = RouterBuilder::from_recorder(rest.started.recorder.clone());
    router.add_route(MetricKindMask::ALL, "http", http.started.recorder.clone());
    let router = router.build();
    let record = || {
        counter!("http.n").increment(1);
        counter!("n").increment(2);
    };
    assert_eq!(sum(&http, &router, record, ("http.n", &[])).await, 1.0);
    assert_eq!(sum(&rest, &router, || {}, ("n", &[])).await, 2.0);
    assert_eq!(http.sink.data().len() + rest.sink.data().len(), 2);
}

#[tokio::test]
async fn local_recorders_are_apart() {
    let (outer, inner) = (in_memory(), in_memory());
    outer.started.record(|| {
        counter!("n").increment(1);
        inner.started.record(|| counter!("n").increment(2));
        counter!("n").increment(4);
    });
    outer.started.flush().await;
    inner.started.flush().await;
    assert_eq!(outer.sink.sum("n", &[]), 5.0);
    assert_eq!(inner.sink.sum("n", &[]), 2.0);
}

#[tokio::test]
async fn fields_of_spans_become_dimensions() {
    let test = in_memory();
    let layered = TracingContextLayer::all().layer(test.started.recorder.clone());
    let subscriber = tracing_subscriber::registry().with(MetricsLayer::new());
    let record = || {
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", user = "ferris");
            let _entered = span.enter();
            counter!("n", "method" => "GET").increment(2);
        });
    };
    let series = ("n", &[("method", "GET"), ("user", "ferris")][..]);
    assert_eq!(sum(&test, &layered, record, series).await, 2.0);
}
