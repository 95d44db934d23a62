//! Answers by somebody who means harm, or is broken: always a classification, in bounded time.

use crate::fixtures::batch::batch;
use crate::sending::{PATIENCE, class, error, send};
use cloudwatch_local::{Fault, Local, Service};
use metrics_exporter_cloudwatch::{Attempt, Batch, PutMetricData, SendError, Sink};
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn no_answer_is_read_without_end() {
    let service = Service::new();
    service.faults().always(Fault::EndlessBody);
    let start = tokio::time::Instant::now();
    send(service.client(), 1, Duration::from_hours(1)).await;
    // 16 KiB in a millisecond, and no more than 256 of them.
    assert!(start.elapsed() < Duration::from_millis(100));
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let (local, elsewhere) = (Local::start().await.unwrap(), Local::start().await.unwrap());
    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
    for target in [
        elsewhere.endpoint() + path,
        elsewhere.endpoint().replace("http:", "") + path,
    ] {
        local.faults().script([Some(Fault::Redirect(target))]);
        let error = send(local.client(), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), "transient", "{error:?}");
    }
    // Permanent ones, and those that make a GET of it.
    for status in [301, 302, 303, 308] {
        local.faults().script([Some(Fault::Answer {
            status,
            headers: vec![("location".into(), elsewhere.endpoint() + path)],
            body: Vec::new(),
        })]);
        let error = send(local.client(), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), "transient", "{error:?}");
    }
    assert!(elsewhere.requests().is_empty());
    assert_eq!(local.requests().len(), 6);
}

/// CBOR that is none, or is all too much.
fn garbage() -> Vec<Vec<u8>> {
    // `{"__type": "…`, and then it ends.
    let truncated = b"\xbf\x66__type\x78\xff".to_vec();
    // An array in an array, and so on; maps; tags.
    let nested = [0x81, 0x9f, 0xa1, 0xbf, 0xc1].map(|byte| vec![byte; 200_000]);
    // A text, a byte string, an array and a map of 2^64 - 1.
    let huge = [0x7b, 0x5b, 0x9b, 0xbb].map(|byte| [&[byte][..], &[0xff; 8]].concat());
    // As a member of an error.
    let within = huge
        .clone()
        .map(|huge| [&b"\xbf\x66__type"[..], &huge].concat());
    let unknown = nested
        .clone()
        .map(|nested| [&b"\xbf\x61x"[..], &nested].concat());
    let mut all = vec![Vec::new(), truncated, vec![0xff; 100], vec![0; 100_000]];
    all.extend(nested);
    all.extend(huge);
    all.extend(within);
    all.extend(unknown);
    all
}

#[tokio::test]
async fn garbage_is_nobodys_answer() {
    let local = Local::start().await.unwrap();
    let service = Service::new();
    for body in garbage() {
        let start: Vec<u8> = body.iter().copied().take(20).collect();
        for (client, faults) in [
            (service.client(), service.faults()),
            (local.client(), local.faults()),
        ] {
            faults.script([Some(Fault::garbage(body.clone()))]);
            let error = send(client, 1, PATIENCE).await;
            assert_eq!(class(error.as_ref()), "transient", "{start:?}: {error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_an_answer_is_short_and_in_one_line() {
    let long = "\u{1b}[31mé\nMetricData.member.2 \u{2028}".repeat(2_000);
    for code in [
        "InvalidParameterValue",
        "Whatever",
        "InternalFailure",
        "Throttling",
    ] {
        let service = Service::new();
        service.faults().always(error(400, code, &long));
        let error = send(service.client(), 3, PATIENCE).await.unwrap();
        if let SendError::Invalid { members, .. } = &error {
            assert_eq!(*members, [1]);
        }
        let text = error.to_string();
        assert!(text.chars().count() <= 512 + 2 + code.len(), "{code}");
        assert!(text.contains('é') && text.ends_with('…'), "{code}: {text}");
        let is_line =
            |text: &str| !text.contains(|next: char| next.is_control() || next == '\u{2028}');
        assert!(is_line(&text), "{code}: {text}");
    }
    let service = Service::new();
    let code = "Whatever".repeat(100);
    service.faults().always(error(400, &code, "no"));
    let error = send(service.client(), 1, PATIENCE).await;
    assert_eq!(class(error.as_ref()), "misdirected");
    let text = error.unwrap().to_string();
    let code = code.chars().take(63).collect::<String>() + "…";
    assert_eq!(text, format!("HTTP 400 from localhost: {code}: no"));
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop::sample::select(vec![
        "content-type",
        "content-encoding",
        "smithy-protocol",
        "x-amzn-requestid",
        "x-amzn-query-error",
        "x-amzn-errortype",
        "x-amz-retry-after",
        "date",
        "age",
        "location",
        "retry-after",
        "x-other",
    ]);
    let value = prop_oneof![
        Just("application/cbor".to_owned()),
        Just("rpc-v2-cbor".to_owned()),
        Just("Throttling;Sender".to_owned()),
        Just("InvalidParameterValue;Sender".to_owned()),
        Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()),
        Just("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
        Just("gzip".to_owned()),
        "[ -~]{0,30}",
    ];
    prop::collection::vec((name.prop_map(ToOwned::to_owned), value), 0..6)
}

/// What might be an error's body, and what is none at all.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let member = (
        prop::sample::select(vec!["__type", "message", "Message", "x"]),
        prop::collection::vec(any::<u8>(), 0..40),
    );
    let structure = prop::collection::vec(member, 0..4).prop_map(|members| {
        let mut body = vec![0xbf];
        for (name, value) in members {
            body.push(0x60 + u8::try_from(name.len()).unwrap());
            body.extend(name.as_bytes());
            body.extend(value);
        }
        body.push(0xff);
        body
    });
    prop_oneof![structure, prop::collection::vec(any::<u8>(), 0..300)]
}

/// One attempt, after another that met the same.
async fn attempt(batch: &Batch, fault: &Fault) -> (Option<SendError>, usize, Duration) {
    let service = Service::new();
    service.faults().always(fault.clone());
    let sink = PutMetricData::new(service.client());
    let _ = sink.send(batch, &Attempt::new(PATIENCE)).await;
    let start = Instant::now();
    let error = sink.send(batch, &Attempt::new(PATIENCE)).await.err();
    (error, service.requests().len(), start.elapsed())
}

proptest! {
    #[test]
    fn any_answer_means_something(status in 100_u16..1_000, headers in headers(), body in body()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let fault = Fault::Answer { status, headers, body };
        let (error, requests, time) = runtime.block_on(async {
            attempt(&batch(1).await, &fault).await
        });
        let _ = class(error.as_ref());
        prop_assert!(error.is_some() || (200..300).contains(&status));
        prop_assert_eq!(requests, 2);
        prop_assert_eq!(time, Duration::ZERO);
        if let Some(error) = error {
            prop_assert!(error.to_string().chars().count() < 600);
        }
    }
}
