//! Where a client's requests would go, found out without sending one.

use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::config::{
    Config, Credentials, IdentityCache, StalledStreamProtectionConfig,
};
use aws_sdk_cloudwatch::error::{ConnectorError, SdkError};
use aws_sdk_cloudwatch::{Client, types};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::failure_text::chain;

/// Why no request can be made.
#[derive(Debug)]
pub(crate) struct NoEndpoint(
    /// The endpoint, as it was set, or what is wrong with it.
    pub(crate) String,
);

/// The URL of a request, if that can be found out.
///
/// Only a request tells: the SDK shows an endpoint of the environment, the profile or the configuration nowhere else. This
/// one ends where it would be sent, with credentials of its own; the application's interceptors do not see it. It needs no
/// runtime. An endpoint resolver of the application's that takes time is not waited for.
pub(crate) fn probe(config: &Config) -> Result<Option<String>, NoEndpoint> {
    let found = Found::default();
    let connector = SharedHttpConnector::new(found.clone());
    let mut config = config
        .to_builder()
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .credentials_provider(Credentials::new("none", "none", None, None, "none"))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_interceptors([]);
    let datum = types::MetricDatum::builder().metric_name("none").build();
    let request = Client::from_conf(config.build())
        .put_metric_data()
        .namespace("none")
        .metric_data(datum)
        .send();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        pin!(request).poll(&mut Context::from_waker(Waker::noop()))
    }));
    if let Some(url) = found.0.lock().take() {
        return if is_http(&url) {
            Ok(Some(url))
        } else {
            Err(NoEndpoint(url))
        };
    }
    match ended {
        Ok(Poll::Ready(Err(error))) => Err(NoEndpoint(fault(&error))),
        Ok(_) => Ok(None),
        // By an empty endpoint.
        Err(_) => Err(NoEndpoint(String::new())),
    }
}

/// Remembers the URL, and sends nothing.
#[derive(Clone, Debug, Default)]
struct Found(Arc<Mutex<Option<String>>>);

impl HttpConnector for Found {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        *self.0.lock() = Some(request.uri().to_owned());
        HttpConnectorFuture::ready(Err(ConnectorError::user("nothing is sent".into())))
    }
}

/// With a host.
pub(crate) fn is_http(url: &str) -> bool {
    let host = ["http://", "https://"].map(|scheme| url.strip_prefix(scheme));
    let host = host.into_iter().flatten().next();
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', ':', '?', '#']))
}

/// For an error: no user, and no password.
pub(crate) fn without_user(url: &str) -> String {
    let begins = url.find("://").map_or(0, |at| at + "://".len());
    let ends = url[begins..].find(['/', '?', '#']);
    let ends = ends.map_or(url.len(), |at| begins + at);
    match url[begins..ends].rfind('@') {
        Some(at) => format!("{}{}", &url[..begins], &url[begins + at + 1..]),
        None => url.to_owned(),
    }
}

/// The SDK quotes the URL; else its last word has to do.
fn fault(error: &SdkError<impl std::error::Error + 'static>) -> String {
    let mut all = chain(error).collect::<Vec<_>>();
    let is_url = all.iter().position(|cause| cause.is::<HttpError>());
    let quoted = is_url.and_then(|at| {
        let says = all[at.checked_sub(1)?].to_string();
        says.split('`').nth(1).map(str::to_owned)
    });
    quoted.unwrap_or_else(|| all.pop().map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_password() {
        for (url, shown) in [
            ("ftp://user:secret@host/path", "ftp://host/path"),
            ("user:secret@host:80", "host:80"),
            ("http://host/a@b", "http://host/a@b"),
            ("http://a@b@host?c@d", "http://host?c@d"),
            ("", ""),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }
}
