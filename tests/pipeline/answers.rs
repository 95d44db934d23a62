//! Strange answers: whose they are, what they say of the data, and what the log says of them.

use crate::fixtures::batch::batch;
use crate::fixtures::started::{Started, minute};
use crate::sending::{PATIENCE, class, error, send, service_at};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use cloudwatch_local::{Fault, Local, Service};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, CloudWatchBuilder, ManualClock, PutMetricData, SendError, Sent, Sink,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Fault {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fault::Answer {
        status,
        headers: headers.iter().map(own).collect(),
        body: body.to_vec(),
    }
}

/// What the next attempt's error says.
async fn says(service: &Service, fault: Fault) -> String {
    service.faults().script([Some(fault)]);
    let error = send(service.client(), 1, PATIENCE).await.unwrap();
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_error_begins_with_status_and_host() {
    let service = Service::new();
    for (fault, expected) in [
        (
            Fault::Status(502),
            "HTTP 502 from localhost without an error code of the service (a proxy?)",
        ),
        (
            Fault::Status(404),
            "HTTP 404 from localhost without an error code of the service (a proxy?)",
        ),
        (
            error(404, "UnknownOperationException", ""),
            "HTTP 404 from localhost: UnknownOperationException",
        ),
        (
            error(403, "AccessDenied", "no\nway"),
            "HTTP 403 from localhost: AccessDenied: no way",
        ),
        (
            Fault::Throttle,
            "HTTP 400 from localhost: Throttling: Rate exceeded",
        ),
        (
            Fault::Unparsable,
            "HTTP 200 from localhost with a page of HTML: a proxy answers, or a wrong endpoint",
        ),
        (
            Fault::Truncate,
            "HTTP 200 from localhost, not to be understood: connection reset",
        ),
        (
            Fault::EndlessBody,
            "HTTP 200 from localhost, not to be understood: the answer is too long",
        ),
        (Fault::Hang, "no answer from localhost in time"),
    ] {
        assert_eq!(says(&service, fault.clone()).await, expected, "{fault:?}");
    }
    let refused = says(&service, Fault::Refuse).await;
    assert!(
        refused.starts_with("no connection to localhost: "),
        "{refused}"
    );
}

/// The endpoint has a path, a query and a password, none of which are to be read in a log. Its name is too long to be asked
/// for.
#[tokio::test]
async fn a_host_without_a_connection_is_named_and_no_secret() {
    let host = format!("monitoring.{}.invalid:81", "x".repeat(64));
    let service = Service::new();
    let config = service.client().config().to_builder();
    let http = Local::start().await.unwrap().client();
    let config = config
        .http_client(http.config().http_client().unwrap())
        .endpoint_url(format!("http://user:secret@{host}/path?token=secret"));
    let text = send(Client::from_conf(config.build()), 1, PATIENCE).await;
    assert_eq!(class(text.as_ref()), "transient", "{text:?}");
    let text = text.unwrap().to_string();
    let begin = format!("no connection to {host}: ");
    assert!(text.starts_with(&begin), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(text.matches("lookup").count(), 1, "{text}");
}

/// By a client of which nobody could know.
#[tokio::test(start_paused = true)]
async fn without_an_endpoint_data_are_not_at_fault_and_nobody_lacks_a_permission() {
    let service = Service::new();
    let config = || service.client().config().to_builder();
    for (config, expected) in [
        (
            config().endpoint_url("127.0.0.1:4000"),
            r#"no endpoint for region "us-east-1": endpoint must contain scheme"#,
        ),
        (
            config().endpoint_url("http://user:secret@a b/"),
            r#"no endpoint for region "us-east-1": endpoint is not a valid URI: "#,
        ),
        (
            config().region(Region::new("eu west")),
            r#"no request for region "eu west": "#,
        ),
    ] {
        let error = send(Client::from_conf(config.build()), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), "misdirected", "{error:?}");
        let text = error.unwrap().to_string();
        assert!(text.starts_with(expected), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(service.requests().is_empty());
}

/// Whatever says that the place is wrong, data wait for the right one.
#[tokio::test(start_paused = true)]
async fn a_wrong_place_refuses_no_data() {
    for fault in [
        error(404, "UnknownOperationException", ""),
        error(400, "Whatever", "no"),
        error(
            400,
            "InvalidParameterValue",
            "The value : for parameter Namespace is invalid.",
        ),
        Fault::Status(402),
        Fault::Status(404),
        Fault::Status(405),
        Fault::Status(410),
    ] {
        let service = service_at(&ManualClock::new(minute()));
        let script = std::iter::repeat_n(Some(fault.clone()), 12);
        service.faults().script(script);
        let builder = CloudWatchBuilder::new("Test").with_client(service.client());
        let test = Started::new(builder.with_flush_timeout(Duration::from_hours(1)));
        test.record(|| counter!("n").increment(2));
        let start = Instant::now();
        test.flush().await;
        assert_eq!(service.received()[0].sum(), 2.0, "{fault:?}");
        assert_eq!(service.requests().len(), 13, "{fault:?}");
        // The pauses grow.
        assert!(start.elapsed() > Duration::from_secs(30), "{fault:?}");
    }
}

async fn sent(fault: Fault) -> Result<Sent, SendError> {
    let service = Service::new();
    service.faults().always(fault);
    let sink = PutMetricData::new(service.client());
    sink.send(&batch(1).await, &Attempt::new(PATIENCE)).await
}

/// Unless it is a page for people.
#[tokio::test(start_paused = true)]
async fn a_success_whose_headers_a_gateway_left_out_is_one() {
    for (headers, body) in [
        (&[][..], &b""[..]),
        (&[("content-type", "application/cbor")], b"\xbf\xff"),
        (&[("content-type", "text/plain")], b"ok"),
    ] {
        let sent = sent(answer(200, headers, body)).await.unwrap();
        let note = sent.note().unwrap();
        let begin = "HTTP 200 from localhost without CloudWatch's headers";
        assert!(note.starts_with(begin), "{note}");
    }
    for (headers, body) in [
        (
            &[("content-type", "Text/HTML; charset=utf-8")][..],
            &b""[..],
        ),
        (&[("content-type", "text/html")], b"log in"),
        (&[], b"<html>log in</html>"),
        (&[], b"\xef\xbb\xbf\n <!DOCTYPE html>"),
        (&[("content-type", "application/cbor")], b"<HTML>"),
    ] {
        let error = sent(answer(200, headers, body)).await.err();
        assert_eq!(class(error.as_ref()), "ambiguous", "{headers:?} {body:?}");
    }
    // With the headers nothing is noted.
    let id = answer(200, &[("x-amzn-requestid", "1")], b"");
    assert_eq!(sent(id).await.unwrap().note(), None);
}

/// Half of 800 data are bad, and the message quotes a long value of each: 430 KB.
#[tokio::test]
async fn an_honest_refusal_of_any_length_names_the_data() {
    let local = Local::start().await.unwrap();
    let in_memory = Service::new();
    for (client, service) in [
        (local.client(), local.service()),
        (in_memory.client(), &in_memory),
    ] {
        service.faults().reject_metric("bad", true);
        service.faults().quote_values(1_000);
        let builder = CloudWatchBuilder::new("Test")
            .with_client(client)
            .with_request_timeout(Duration::from_hours(1))
            .with_flush_timeout(Duration::from_hours(1));
        let test = Started::by_clock(builder, ManualClock::new(SystemTime::now()));
        test.record(|| {
            for number in 0..400 {
                counter!("bad", "number" => number.to_string()).increment(1);
                counter!("good", "number" => number.to_string()).increment(1);
            }
        });
        let report = test.cloudwatch.flush().await.unwrap();
        assert_eq!(report.delivered.data, 400);
        assert_eq!(report.refused.data, 400);
        assert!(report.refusals.iter().all(|one| one.key.name() == "bad"));
        // Twice as much is named as is read of a message.
        assert!(
            service.requests().len() <= 4,
            "{}",
            service.requests().len()
        );
    }
}

/// By its headers, if its body is of no use.
#[tokio::test]
async fn an_error_is_what_was_read_of_it() {
    let local = Local::start().await.unwrap();
    let garbage = [b"\xbf".to_vec(), vec![b'x'; 1_000_000]].concat();
    let code = ("x-amzn-query-error", "InvalidParameterValue;Sender");
    let other = ("x-amzn-errortype", "com.amazonaws#ExpiredToken:http://x/");
    for (fault, expected) in [
        (answer(400, &[code], &garbage), "invalid"),
        (answer(400, &[code], b"no CBOR"), "invalid"),
        (answer(403, &[other], b""), "denied"),
        (answer(400, &[other], &garbage), "denied"),
        (answer(400, &[], &garbage), "transient"),
        (answer(404, &[], &garbage), "misdirected"),
        (answer(500, &[], &garbage), "ambiguous"),
    ] {
        local.faults().script([Some(fault)]);
        let error = send(local.client(), 1, PATIENCE).await;
        assert_eq!(class(error.as_ref()), expected, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_end_is_one_and_costs_a_bounded_time() {
    for pause in [Duration::ZERO, Duration::from_secs(1)] {
        for (status, code, expected) in [
            (400, "InvalidParameterValue", "invalid"),
            (400, "Throttling", "throttled"),
            (500, "InternalFailure", "ambiguous"),
        ] {
            let service = Service::new();
            service.faults().always(Fault::EndlessError {
                status,
                code: code.into(),
                pause,
            });
            let start = Instant::now();
            let error = send(service.client(), 1, PATIENCE).await;
            assert_eq!(class(error.as_ref()), expected, "{error:?}");
            assert!(start.elapsed() <= PATIENCE + Duration::from_millis(1));
        }
    }
}

/// The time of each signature.
#[derive(Clone, Debug, Default)]
struct Signed(Arc<Mutex<Vec<String>>>);

impl Intercept for Signed {
    fn name(&self) -> &'static str {
        "signed"
    }

    fn read_after_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.request().headers().get("x-amz-date").unwrap();
        self.0.lock().unwrap().push(date.to_owned());
        Ok(())
    }
}

fn signing(service: &Service) -> (Client, Signed) {
    let signed = Signed::default();
    let config = service.client().config().to_builder();
    let client = Client::from_conf(config.interceptor(signed.clone()).build());
    (client, signed)
}

/// The SDK would sign by it; a second after the last of the year 9999 that panics.
#[tokio::test(start_paused = true)]
async fn no_request_is_signed_by_a_date_beyond_all_reason() {
    for date in [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        let one = batch(1).await;
        let service = Service::new();
        let (client, signed) = signing(&service);
        let sink = PutMetricData::new(client.clone());
        // As the service's own, as a gateway's, and with an error.
        let headers = [("date", date), ("x-amzn-requestid", "1")];
        for fault in [
            answer(200, &headers, b""),
            answer(200, &headers[..1], b""),
            answer(502, &headers[..1], b""),
            answer(400, &headers, b""),
        ] {
            service.faults().script([Some(fault), None]);
            for is_taken in [None, Some(true)] {
                let sent = sink.send(&one, &Attempt::new(PATIENCE)).await;
                assert!(is_taken.is_none_or(|it| it == sent.is_ok()), "{sent:?}");
            }
            // Nor is a request of the user's own.
            client.list_metrics().send().await.unwrap();
        }
        let signed = signed.0.lock().unwrap();
        let is_near = |signed: &String| !signed.starts_with("9999") && !signed.starts_with("1970");
        assert!(signed.iter().all(is_near), "{signed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_by_weeks_still_corrects_signatures() {
    let service = Service::with_clock(|| SystemTime::now() + Duration::from_hours(40 * 24));
    let (client, signed) = signing(&service);
    let (sink, one) = (PutMetricData::new(client), batch(1).await);
    for _ in 0..2 {
        let _ = sink.send(&one, &Attempt::new(PATIENCE)).await;
    }
    let signed = signed.0.lock().unwrap();
    // Another month, at least.
    assert_ne!(signed[0][..6], signed[1][..6], "{signed:?}");
}
