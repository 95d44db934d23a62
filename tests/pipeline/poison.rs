//! One datum that CloudWatch does not accept, among many that it does: by the real client, against the service's rules.

use crate::fixtures::started::{Started, minute};
use cloudwatch_local::{Fault, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, Guarantee, ManualClock, Matcher, MetricSettings, Refusal,
};
use std::time::Duration;

const DATA: usize = 1_000;

fn started(service: &Service, clock: &ManualClock) -> Started {
    let builder = CloudWatchBuilder::new("Test")
        .with_client(service.client())
        .with_flush_timeout(Duration::from_hours(1));
    Started::by_clock(builder, clock.clone())
}

fn service(clock: &ManualClock) -> Service {
    let clock = clock.clone();
    Service::with_clock(move || clock.now())
}

/// A window of a thousand series, of which one is poison at that place.
fn record(test: &Started, place: usize) {
    test.record(|| {
        for number in 0..DATA {
            let name = if number == place { "poison" } else { "n" };
            counter!(name, "number" => format!("{number:03}")).increment(1);
        }
    });
}

async fn arrives(place: usize, is_named: bool, most: usize, faults: &[Fault]) {
    let clock = ManualClock::new(minute());
    let service = service(&clock);
    service.faults().reject_metric("poison", is_named);
    let test = started(&service, &clock);
    record(&test, place);
    // One of them meets every other request, and so each search too.
    let script = faults.iter().cloned();
    service
        .faults()
        .script(script.flat_map(|fault| [None, Some(fault)]));
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!((report.delivered.data, report.refusals.len()), (999, 1));
    let refused = &report.refusals[0];
    assert_eq!((refused.key.name(), refused.samples), ("poison", 1));
    assert!(
        matches!(&refused.reason, Refusal::Rejected { code, .. } if code == "InvalidParameterValue")
    );
    let received = service.received();
    assert_eq!(received.len(), 999);
    let requests = service.requests();
    let by_itself = requests.iter().filter(|request| request.fault.is_none());
    assert!(by_itself.count() <= most, "{}", requests.len());
}

#[tokio::test(start_paused = true)]
async fn the_others_arrive_in_two_requests_where_it_is_named() {
    for place in [0, 417, 999] {
        arrives(place, true, 2, &[]).await;
    }
}

/// Ten halves, their other halves, and the datum once more by itself, when a request was accepted.
#[tokio::test(start_paused = true)]
async fn the_others_arrive_in_twenty_requests_where_it_is_not() {
    for place in [0, 1, 417, 500, 998, 999] {
        arrives(place, false, 20, &[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_goes_on_whatever_comes_between() {
    let faults = [
        Fault::Throttle,
        Fault::service_unavailable(),
        Fault::access_denied(),
        Fault::Refuse,
        Fault::Throttle,
    ];
    for place in [0, 417, 999] {
        arrives(place, false, 20, &faults).await;
        arrives(place, true, 2, &faults[..1]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_repeated_is_said_metric_by_metric() {
    let clock = ManualClock::new(minute());
    let service = service(&clock);
    let builder = CloudWatchBuilder::new("Test")
        .with_client(service.client())
        .with_metric_settings(
            Matcher::prefix("billed."),
            MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
        )
        .with_flush_timeout(Duration::from_hours(1));
    let test = Started::by_clock(builder, clock.clone());
    test.record(|| {
        counter!("billed.orders").increment(3);
        counter!("requests").increment(4);
    });
    // Each of the two requests is applied, and nobody hears of it.
    service
        .faults()
        .script([Some(Fault::ResetAfter), Some(Fault::ResetAfter)]);
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!((report.delivered.samples, report.repeated.samples), (4, 4));
    assert_eq!(report.ambiguous.samples, 3);
    let times = |name: &str| {
        let received = service.received();
        received
            .iter()
            .filter(|datum| datum.metric_name == name)
            .count()
    };
    assert_eq!((times("billed.orders"), times("requests")), (1, 2));
}
