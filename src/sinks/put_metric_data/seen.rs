//! What is seen of one attempt that its result does not tell.

use crate::model::attempt::Attempt;
use crate::sinks::put_metric_data::answer_body::{Answer, Read};
use crate::sinks::put_metric_data::retry_after::{date, retry_after};
use aws_sdk_cloudwatch::config::HttpClient;
use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// How far the request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// There were no credentials for it.
    NoCredentials,
    /// There was no place to send it to.
    NoEndpoint,
    /// It did, but found no connection.
    NeverConnected,
    Perhaps,
}

/// What was seen of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct Seen(Arc<Sight>);

#[derive(Debug)]
struct Sight {
    attempt: Attempt,
    /// The client's.
    region: Option<Region>,
    has_credentials: AtomicBool,
    has_left: AtomicBool,
    /// Host and port that the request goes to.
    host: OnceLock<String>,
    /// Where the HTTP client tells of its connections: the one that the request was given to.
    connection: Mutex<Option<CaptureSmithyConnection>>,
    answer: Mutex<Option<Head>>,
}

/// An answer without its body.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The SDK takes any answer for the service's if only its status is 200.
    pub(crate) is_services: bool,
    pub(crate) is_html: bool,
    /// The error's, where a header has it.
    pub(crate) code: Option<String>,
    /// What the service's clock shows.
    pub(crate) date: Option<SystemTime>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Read,
}

impl Seen {
    pub(crate) fn of(attempt: &Attempt, region: Option<&Region>) -> Self {
        Self(Arc::new(Sight {
            attempt: attempt.clone(),
            region: region.cloned(),
            has_credentials: AtomicBool::new(false),
            has_left: AtomicBool::new(false),
            host: OnceLock::new(),
            connection: Mutex::default(),
            answer: Mutex::default(),
        }))
    }

    pub(crate) fn departure(&self) -> Departure {
        let connection = self.0.connection.lock();
        let has_none = connection.as_ref().is_some_and(|it| it.get().is_none());
        let is = |what: &AtomicBool| what.load(Ordering::Relaxed);
        match is(&self.0.has_left) {
            false if is(&self.0.has_credentials) => Departure::NoEndpoint,
            false => Departure::NoCredentials,
            true if has_none => Departure::NeverConnected,
            true => Departure::Perhaps,
        }
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host.get().map_or("the endpoint", String::as_str)
    }

    pub(crate) fn region(&self) -> &str {
        self.0.region.as_ref().map_or("", Region::as_ref)
    }

    pub(crate) fn answer(&self) -> Option<Head> {
        self.0.answer.lock().clone()
    }
}

impl Head {
    fn of(answer: &HttpResponse, body: Read) -> Self {
        let headers = answer.headers();
        let is_services =
            headers.get("x-amzn-requestid").is_some() || headers.get("smithy-protocol").is_some();
        let is_html = headers.get("content-type").is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("text/html")
        });
        // Others' clocks are no matter, and a cache's answer is of another time.
        let tells_time = is_services && headers.get("age").is_none();
        Self {
            status: answer.status().as_u16(),
            is_services,
            is_html,
            code: code(answer),
            date: headers.get("date").filter(|_| tells_time).and_then(date),
            retry_after: retry_after(answer),
            body,
        }
    }
}

/// `Code;Sender` in one header, `namespace#Code:url` in the other.
fn code(answer: &HttpResponse) -> Option<String> {
    let headers = answer.headers();
    let code = if let Some(value) = headers.get("x-amzn-query-error") {
        value.split(';').next()?
    } else {
        let value = headers.get("x-amzn-errortype")?.split(':').next()?;
        value.rsplit('#').next()?
    };
    let code = code.trim();
    (!code.is_empty()).then(|| code.to_owned())
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "metrics-exporter-cloudwatch"
    }

    /// The SDK has credentials and an endpoint by now.
    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let host = || host(context.request().uri()).to_owned();
        self.0.host.get_or_init(host);
        if self.0.attempt.may_leave() {
            Ok(())
        } else {
            Err("the exporter has ended".into())
        }
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let client = components.http_client();
        let metadata = client.and_then(|client| client.connector_metadata());
        // Other clients need not tell, so that no connection means nothing.
        if metadata.is_some_and(|metadata| metadata.name() == "hyper") {
            *self.0.connection.lock() = config.load::<CaptureSmithyConnection>().cloned();
        }
        self.0.has_left.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response_mut();
        let is_success = answer.status().is_success();
        let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
        let (body, read) = Answer::new(body, !is_success);
        *answer.body_mut() = SdkBody::from_body_1_x(body);
        *self.0.answer.lock() = Some(Head::of(answer, read));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What asks for the endpoint is given the identity first.
        let params = config.load::<EndpointResolverParams>();
        let identity = params.and_then(|params| params.get_property::<Identity>());
        let has_credentials = identity.is_some();
        (self.0.has_credentials).store(has_credentials, Ordering::Relaxed);
        Ok(())
    }
}

/// Host and port of a URL, without anybody's password.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_neither_path_nor_password() {
        for (url, expected) in [
            ("https://a.b:1/c?d=e", "a.b:1"),
            ("http://user:secret@a.b?token=1", "a.b"),
            ("http://[::1]:4000#x", "[::1]:4000"),
            ("a.b/c", "a.b"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
