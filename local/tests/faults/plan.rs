//! Which attempt meets which fault, and what the answers say of the time.

use crate::attempt;
use aws_sdk_cloudwatch::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use cloudwatch_local::{Fault, Service};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

async fn attempts(service: &Service, count: usize) -> Vec<String> {
    let client = service.client();
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.push(attempt(&client, &["n"], None).await);
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_script_comes_first_and_in_order() {
    let service = Service::new();
    service.faults().always(Fault::Status(502));
    service
        .faults()
        .script([Some(Fault::Throttle), None, Some(Fault::Status(503))]);
    assert_eq!(
        attempts(&service, 5).await,
        [
            "service 400 Throttling",
            "ok",
            "service 503 -",
            "service 502 -",
            "service 502 -"
        ]
    );
    service.faults().clear();
    assert_eq!(attempts(&service, 1).await, ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_exactly() {
    let run = async |seed| {
        let service = Service::new();
        service
            .faults()
            .random(seed, [(0.2, Fault::Throttle), (0.3, Fault::Status(503))]);
        attempts(&service, 200).await
    };
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
    let count = |seen: &str| first.iter().filter(|other| *other == seen).count();
    assert!((20..60).contains(&count("service 400 Throttling")));
    assert!((35..85).contains(&count("service 503 -")));
    assert!(count("ok") > 60);
}

#[test]
#[should_panic(expected = "add up to 1")]
fn probabilities_beyond_one() {
    let faults = Service::new();
    let faults = faults.faults();
    faults.random(1, [(0.6, Fault::Throttle), (0.6, Fault::Hang)]);
}

#[tokio::test(start_paused = true)]
async fn data_are_rejected_by_name() {
    let service = Service::new();
    let client = service.client();
    service.faults().reject_metric("named", true);
    service.faults().reject_metric("unnamed", false);
    let message = |at: usize| service.requests()[at].refusal.clone().unwrap().message;
    let invalid = "service 400 InvalidParameterValue";
    assert_eq!(
        attempt(&client, &["a", "named", "b", "named"], None).await,
        invalid
    );
    assert!(message(0).contains("MetricData.member.2, MetricData.member.4"));
    assert_eq!(attempt(&client, &["unnamed"], None).await, invalid);
    assert!(!message(1).contains("member"));
    assert_eq!(attempt(&client, &["a", "b"], None).await, "ok");
    assert_eq!(service.received().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bodies_are_limited() {
    let service = Service::new();
    let client = service.client();
    service.faults().limit_body(200);
    let seen = attempt(&client, &["n"; 20], None).await;
    assert_eq!(seen, "service 413 RequestEntityTooLarge");
    assert_eq!(attempt(&client, &["n"], None).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn reading_is_left_in_peace() {
    let service = Service::new();
    service.faults().always(Fault::Hang);
    let metrics = service.client().list_metrics().send().await.unwrap();
    assert!(metrics.metrics().is_empty());
}

#[derive(Clone, Debug, Default)]
struct Dates(Arc<Mutex<Vec<String>>>);

impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "dates"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").unwrap().to_owned();
        self.0.lock().unwrap().push(date);
        Ok(())
    }
}

#[tokio::test]
async fn answers_have_the_date_of_the_services_clock() {
    let local = cloudwatch_local::Local::builder()
        .with_clock(|| UNIX_EPOCH + Duration::from_secs(784_111_777))
        .start()
        .await
        .unwrap();
    let dates = Dates::default();
    for client in [local.client(), local.service().client()] {
        let config = aws_sdk_cloudwatch::Config::builder().interceptor(dates.clone());
        let listed = client.list_metrics().customize().config_override(config);
        listed.send().await.unwrap();
    }
    assert_eq!(
        *dates.0.lock().unwrap(),
        ["Sun, 06 Nov 1994 08:49:37 GMT"; 2]
    );
}
