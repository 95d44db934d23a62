//! `PutMetricData`: what arrives, what is recorded, and the errors' types.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Entity, EntityMetricData, MetricDatum, StandardUnit};
use cloudwatch_local::{ReceivedDatum, ReceivedValue};

use crate::support::{Fixture, NAMESPACE, NOON, at, dimension, named, refused, set, time};

#[tokio::test]
async fn data_arrive_as_they_were_sent() {
    let fixture = Fixture::at_noon().await;
    let single = named("single").value(-0.1).dimensions(dimension("z", "1"));
    fixture
        .put([
            single
                .dimensions(dimension("a", "2"))
                .unit(StandardUnit::Seconds),
            named("set")
                .statistic_values(set(4.0, 10.0, 1.0, 5.0))
                .timestamp(at(NOON - 60)),
            named("values")
                .values(3.0)
                .values(1.0)
                .storage_resolution(1),
            named("counts")
                .values(3.0)
                .values(1.0)
                .counts(2.0)
                .counts(0.5),
            named("millis")
                .value(1.0)
                .timestamp(DateTime::from_millis(1_709_294_399_123)),
        ])
        .await;

    let received = fixture.local.received();
    let single = &received[0];
    assert_eq!(single.namespace, NAMESPACE);
    assert_eq!(single.metric_name, "single");
    let dimensions = [("z".into(), "1".into()), ("a".into(), "2".into())];
    assert_eq!(single.dimensions, dimensions);
    assert_eq!(single.timestamp, time(NOON));
    assert_eq!(single.value, ReceivedValue::Single(-0.1));
    assert_eq!(single.unit.as_deref(), Some("Seconds"));
    assert_eq!(single.storage_resolution, 60);
    let statistics = |datum: &ReceivedDatum| {
        [
            datum.sample_count(),
            datum.sum(),
            datum.minimum(),
            datum.maximum(),
        ]
    };
    assert_eq!(statistics(&received[0]), [1.0, -0.1, -0.1, -0.1]);
    assert_eq!(statistics(&received[1]), [4.0, 10.0, 1.0, 5.0]);
    assert_eq!(received[1].timestamp, time(NOON - 60));
    assert_eq!(
        (received[1].unit.as_deref(), received[1].storage_resolution),
        (None, 60)
    );
    let (values, counts) = (vec![3.0, 1.0], vec![1.0, 1.0]);
    assert_eq!(
        received[2].value,
        ReceivedValue::Distribution { values, counts }
    );
    assert_eq!(received[2].storage_resolution, 1);
    assert_eq!(statistics(&received[3]), [2.5, 6.5, 1.0, 3.0]);
    assert_eq!(
        received[4].timestamp,
        time(NOON - 1) + Duration::from_millis(123)
    );
}

#[tokio::test]
async fn every_fault_of_a_code_has_a_line() {
    let fixture = Fixture::at_noon().await;
    let data = vec![
        named("a").value(f64::NAN).build(),
        named("b").value(1.0).build(),
        named("c").value(f64::INFINITY).build(),
        MetricDatum::builder().value(1.0).build(),
    ];
    let refused = fixture.try_put(data).await.unwrap_err();
    assert_eq!(
        refused.message,
        "The value NaN for parameter MetricData.member.1.Value is invalid.\n\
         The value Infinity for parameter MetricData.member.3.Value is invalid."
    );
    assert!(fixture.local.received().is_empty());
}

#[tokio::test]
async fn the_sdk_knows_the_errors_by_type() {
    let fixture = Fixture::at_noon().await;
    let send = async |datum: MetricDatum| {
        let request = fixture
            .client
            .put_metric_data()
            .namespace(NAMESPACE)
            .metric_data(datum);
        request.send().await.unwrap_err().into_service_error()
    };
    let invalid = send(named("m").value(f64::NAN).build()).await;
    assert!(
        matches!(
            invalid,
            PutMetricDataError::InvalidParameterValueException(_)
        ),
        "{invalid:?}"
    );
    let both = send(named("m").value(1.0).values(1.0).build()).await;
    assert!(
        matches!(
            both,
            PutMetricDataError::InvalidParameterCombinationException(_)
        ),
        "{both:?}"
    );
    let missing = send(named("m").build()).await;
    assert!(
        matches!(
            missing,
            PutMetricDataError::MissingRequiredParameterException(_)
        ),
        "{missing:?}"
    );
    let id = aws_sdk_cloudwatch::operation::RequestId::request_id(&missing);
    assert!(id.is_some_and(|id| id.len() == 36), "{id:?}");
}

#[tokio::test]
async fn attempts_are_recorded_accepted_or_refused() {
    let fixture = Fixture::at_noon().await;
    fixture.put([named("m").value(1.0)]).await;
    fixture
        .try_put(vec![named("m").value(f64::NAN).build(); 2])
        .await
        .unwrap_err();

    let requests = fixture.local.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[0].data, &requests[0].refusal), (1, &None));
    // The SDK does not compress what is small.
    assert_eq!(requests[0].wire_bytes, requests[0].raw_bytes);
    assert_eq!(requests[0].body.len(), requests[0].raw_bytes);
    assert_eq!(requests[1].data, 2);
    let refusal = requests[1].refusal.as_ref().unwrap();
    assert_eq!(
        (refusal.status, refusal.code.as_str()),
        (400, "InvalidParameterValue")
    );
    assert!(
        refusal.message.contains("MetricData.member.2.Value"),
        "{}",
        refusal.message
    );
}

#[tokio::test]
async fn what_the_sdk_compresses_arrives() {
    let fixture = Fixture::at_noon().await;
    let data = (0..500).map(|n| named(&format!("metric-{n}")).value(f64::from(n)));
    fixture.put(data).await;

    let request = &fixture.local.requests()[0];
    assert!(request.raw_bytes > 10_240, "{}", request.raw_bytes);
    assert!(
        request.wire_bytes < request.raw_bytes / 2,
        "{}",
        request.wire_bytes
    );
    assert_eq!(request.body.len(), request.raw_bytes);
    let received = fixture.local.received();
    assert_eq!(
        (received.len(), received[499].metric_name.as_str()),
        (500, "metric-499")
    );
}

#[tokio::test]
async fn a_body_over_a_million_bytes_is_too_large() {
    let fixture = Fixture::at_noon().await;
    // Compresses well: it is the raw size that counts.
    let long = dimension("d", &"v".repeat(1024));
    let data = vec![named("m").value(1.0).dimensions(long).build(); 1_000];
    let refused = fixture.try_put(data).await.unwrap_err();
    assert_eq!(
        (refused.status, refused.code.as_str()),
        (413, "RequestEntityTooLarge")
    );

    let request = &fixture.local.requests()[0];
    assert_eq!(
        (request.raw_bytes, request.body.len(), request.data),
        (0, 0, 0)
    );
    assert_eq!(request.refusal.as_ref().unwrap().status, 413);
    assert!(fixture.local.received().is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_on_the_wire_is_answered_all_the_same() {
    let fixture = Fixture::at_noon().await;
    let config = fixture
        .client
        .config()
        .to_builder()
        .disable_request_compression(true)
        .build();
    let request = Client::from_conf(config)
        .put_metric_data()
        .namespace(NAMESPACE);
    let long = dimension("d", &"v".repeat(8_000));
    let data = vec![named("m").value(1.0).dimensions(long).build(); 1_000];
    let error = request
        .set_metric_data(Some(data))
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused(&error).status, 413);
    // No more of it is kept than shows that it is too large.
    assert_eq!(fixture.local.requests()[0].wire_bytes, 1_001_025);
}

#[tokio::test]
async fn entities_are_not_supported() {
    let fixture = Fixture::at_noon().await;
    let entity = Entity::builder().key_attributes("Type", "Service").build();
    let entity = EntityMetricData::builder().entity(entity);
    let entity = entity.metric_data(named("m").value(1.0).build()).build();
    let request = fixture.client.put_metric_data().namespace(NAMESPACE);
    let error = request.entity_metric_data(entity).send().await.unwrap_err();
    let refused = refused(&error);
    assert_eq!(refused.code, "InvalidParameterValue");
    assert!(
        refused
            .message
            .contains("EntityMetricData is not supported"),
        "{}",
        refused.message
    );
}

#[tokio::test]
async fn waiting_ends_when_data_arrive() {
    let fixture = Fixture::at_noon().await;
    fixture.put([named("first").value(1.0)]).await;
    let within = Duration::from_mins(1);
    let waiting = tokio::time::timeout(within, fixture.local.received_beyond(1));
    let (waited, ()) = tokio::join!(waiting, async {
        // A refused request is no data, and must not end the wait.
        fixture.try_put(vec![named("m").build()]).await.unwrap_err();
        fixture
            .put([named("second").value(2.0), named("third").value(3.0)])
            .await;
    });
    let waited = waited.unwrap();
    let names: Vec<_> = waited
        .iter()
        .map(|datum| datum.metric_name.as_str())
        .collect();
    assert_eq!(names, ["second", "third"]);
    assert_eq!(fixture.local.requests_beyond(1).await.len(), 2);
}

#[tokio::test]
async fn dropping_closes_the_port() {
    let fixture = Fixture::at_noon().await;
    fixture.put([named("m").value(1.0)]).await;
    // One attempt, without the pauses between several.
    let config = fixture.client.config().to_builder();
    let client = Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
    drop(fixture.local);
    let request = client.put_metric_data().namespace(NAMESPACE);
    let sent = request
        .metric_data(named("m").value(1.0).build())
        .send()
        .await;
    assert!(sent.unwrap_err().as_service_error().is_none());
}
