//! What the sender sees.

use crate::attempt;
use aws_sdk_cloudwatch::Client;
use cloudwatch_local::{Fault, Local, Service};
use std::time::Duration;

/// Long enough for a slow machine to answer what is answered at all.
const PATIENCE: Duration = Duration::from_mins(10);
/// In paused time, for what is never answered: a body without end is read for so long.
const IMPATIENCE: Duration = Duration::from_millis(200);

/// Each fault, what the SDK's client sees of it, and whether the data are stored.
fn faults() -> Vec<(Fault, &'static str, bool)> {
    let pause = Duration::from_secs(1);
    vec![
        (Fault::Throttle, "service 400 Throttling", false),
        (Fault::Status(408), "service 408 -", false),
        (Fault::Status(413), "service 413 -", false),
        (Fault::Status(500), "service 500 -", false),
        (Fault::Status(502), "service 502 -", false),
        (Fault::Status(503), "service 503 -", false),
        (Fault::Status(504), "service 504 -", false),
        (Fault::access_denied(), "service 403 AccessDenied", false),
        (Fault::expired_token(), "service 403 ExpiredToken", false),
        (
            Fault::internal_failure(),
            "service 500 InternalFailure",
            false,
        ),
        (
            Fault::service_unavailable(),
            "service 503 ServiceUnavailable",
            false,
        ),
        (
            Fault::InvalidMember(1),
            "service 400 InvalidParameterValue",
            false,
        ),
        // The SDK looks at nothing but the status of an answer without content.
        (Fault::Unparsable, "ok", false),
        (Fault::Latency(Duration::from_millis(1)), "ok", true),
        (Fault::Hang, "timeout", false),
        (Fault::HangAfter, "timeout", true),
        (Fault::Refuse, "dispatch", false),
        (Fault::Certificate, "dispatch", false),
        (Fault::ResetBefore, "dispatch", false),
        (Fault::ResetAfter, "dispatch", true),
        (Fault::Truncate, "response 200", true),
        (Fault::HugeHeaders, "dispatch", false),
        (Fault::EndlessBody, "timeout", false),
        (Fault::SlowLoris(pause), "timeout", false),
        (
            Fault::Redirect("http://localhost:1/".into()),
            "service 307 -",
            false,
        ),
        (Fault::garbage([0xff; 100]), "service 400 -", false),
    ]
}

/// In the README's table, with what is applied.
#[test]
fn every_fault_is_in_the_readme() {
    let readme = include_str!("../../README.md");
    for (fault, _, is_applied) in faults() {
        let name = format!("{fault:?}");
        let name: String = name
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let is_its = |row: &&str| {
            let after = row
                .strip_prefix("| `")
                .and_then(|row| row.strip_prefix(&*name));
            after.is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_alphanumeric()))
        };
        let row = readme.lines().find(is_its);
        let row = row.unwrap_or_else(|| panic!("{name} is not in the README"));
        let applied = if is_applied { "| yes |" } else { "| no |" };
        assert!(row.contains(applied), "{row}");
    }
}

/// Lets the time of an attempt be over when its request has arrived.
async fn be_over(service: &Service, requests: usize) {
    while service.requests().len() == requests {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(PATIENCE).await;
    tokio::time::resume();
}

async fn all(client: &Client, service: &Service, is_paused: bool) {
    for (fault, seen, is_applied) in faults() {
        service.faults().script([Some(fault.clone())]);
        let (data, requests) = (service.received().len(), service.requests().len());
        let within = |time| attempt(client, &["n"], Some(time));
        let came_of_it = match (seen, is_paused) {
            ("timeout", true) => within(IMPATIENCE).await,
            ("timeout", false) => tokio::join!(within(PATIENCE), be_over(service, requests)).0,
            _ => within(PATIENCE).await,
        };
        assert_eq!(came_of_it, seen, "{fault:?}");
        assert_eq!(
            service.received().len(),
            data + usize::from(is_applied),
            "{fault:?}"
        );
        let noted = &service.requests()[requests..];
        assert_eq!(noted.len(), 1, "{fault:?}");
        assert_eq!(noted[0].fault.as_ref(), Some(&fault));
        assert_eq!(
            (noted[0].is_applied, fault.is_applied()),
            (is_applied, is_applied)
        );
        // And then all is well again.
        assert_eq!(attempt(client, &["n"], Some(PATIENCE)).await, "ok");
        assert_eq!(service.requests()[requests + 1].fault, None);
    }
}

#[tokio::test(start_paused = true)]
async fn in_memory() {
    let service = Service::new();
    all(&service.client(), &service, true).await;
}

#[tokio::test]
async fn over_a_socket() {
    let local = Local::start().await.unwrap();
    all(&local.client(), local.service(), false).await;
}

#[tokio::test]
async fn nobody_listens() {
    let local = Local::start().await.unwrap();
    let client = local.client();
    drop(local);
    assert_eq!(attempt(&client, &["n"], Some(PATIENCE)).await, "dispatch");
}
