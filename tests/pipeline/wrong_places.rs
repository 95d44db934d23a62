//! Endpoints and regions that cannot be: told by `build` and `install`, wherever they come from.

use crate::sending::{PATIENCE, class, send};
use aws_sdk_cloudwatch::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_cloudwatch::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_cloudwatch::config::{Builder, ConfigBag, Intercept, Region};
use aws_sdk_cloudwatch::error::BoxError;
use aws_sdk_cloudwatch::{Client, Config};
use cloudwatch_local::Service;
use metrics_exporter_cloudwatch::{BuildError, CloudWatchBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn config(service: &Service) -> Builder {
    service.client().config().to_builder()
}

fn build(config: Config) -> Result<(), BuildError> {
    let builder = CloudWatchBuilder::new("Test").with_client(Client::from_conf(config));
    builder.build().map(|_| ())
}

/// Without a runtime.
#[test]
fn the_endpoint_of_a_client_is_a_url_with_a_host() {
    let service = Service::new();
    for url in [
        "127.0.0.1:4000",
        "",
        "localhost",
        "http://",
        "http://:80",
        "https:///path",
        "ftp://host",
        "http://a b",
    ] {
        let error = build(config(&service).endpoint_url(url).build()).unwrap_err();
        let says = matches!(&error, BuildError::EndpointUrl(told) if told.starts_with(url));
        assert!(says, "{url:?}: {error}");
    }
    for url in [
        "http://127.0.0.1:4000",
        "https://[::1]",
        "https://vpce.a-b.example/path/",
    ] {
        build(config(&service).endpoint_url(url).build()).unwrap();
    }
    assert!(service.requests().is_empty());
}

/// The SDK makes requests for exactly those that `build` takes.
#[tokio::test(start_paused = true)]
async fn the_region_of_a_client_may_be_part_of_a_host() {
    let long = "x".repeat(64);
    for (region, is_one) in [
        ("eu-central-1", true),
        ("local", true),
        ("EU-1-", true),
        (&long[1..], true),
        ("eu central-1", false),
        (" eu-central-1", false),
        ("eu_central_1", false),
        ("eu.central", true),
        ("eu..central", false),
        ("-eu", false),
        ("é", false),
        (&long, false),
    ] {
        let service = Service::new();
        let config = || config(&service).region(Region::new(region.to_owned()));
        let built = build(config().build());
        let is_said = matches!(&built, Err(BuildError::Region(told)) if told == region);
        assert_eq!((built.is_ok(), is_said), (is_one, !is_one), "{built:?}");
        let error = send(Client::from_conf(config().build()), 1, PATIENCE).await;
        let expected = if is_one { "sent" } else { "misdirected" };
        assert_eq!(class(error.as_ref()), expected, "{region}");
    }
}

/// Somewhere, or nowhere yet.
#[derive(Debug)]
struct Resolver(&'static str);

impl ResolveEndpoint for Resolver {
    fn resolve_endpoint(&self, _: &Params) -> EndpointFuture<'_> {
        match self.0 {
            "" => EndpointFuture::new(std::future::pending()),
            url => EndpointFuture::ready(Ok(Endpoint::builder().url(url).build())),
        }
    }
}

#[test]
fn an_endpoint_resolver_is_asked_and_not_waited_for() {
    let service = Service::new();
    for (url, is_one) in [("http://host", true), ("host:80", false), ("", true)] {
        let config = config(&service).endpoint_resolver(Resolver(url));
        assert_eq!(build(config.build()).is_ok(), is_one, "{url}");
    }
}

#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Intercept for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn the_applications_interceptors_see_no_request() {
    let service = Service::new();
    let counting = Counting::default();
    build(config(&service).interceptor(counting.clone()).build()).unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 0);
}

/// By the SDK's chain.
#[cfg(feature = "aws-config")]
mod by_the_environment {
    use crate::fixtures::alone::alone;
    use crate::fixtures::scratch::Scratch;
    use metrics_exporter_cloudwatch::{CloudWatchBuilder, InstallError};
    use std::process::Command;

    fn only(environment: &[(&str, &str)]) -> impl FnOnce(&mut Command) {
        move |child| {
            child
                .env_clear()
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_CONFIG_FILE", "/nonexistent")
                .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
                .env("AWS_ACCESS_KEY_ID", "id")
                .env("AWS_SECRET_ACCESS_KEY", "secret")
                .envs(environment.iter().copied());
        }
    }

    fn install() -> InstallError {
        let builder = CloudWatchBuilder::new("Test");
        builder.install_blocking().unwrap_err()
    }

    #[track_caller]
    fn refuses_the_endpoint() {
        let error = install();
        let says = matches!(&error, InstallError::EndpointUrl(url) if url == "127.0.0.1:4000");
        assert!(says, "{error}");
    }

    const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");

    #[test]
    fn an_endpoint_of_all_services() {
        alone!(only(&[REGION, ("AWS_ENDPOINT_URL", "127.0.0.1:4000")]));
        refuses_the_endpoint();
    }

    #[test]
    fn an_endpoint_of_cloudwatch() {
        alone!(only(&[
            REGION,
            ("AWS_ENDPOINT_URL_CLOUDWATCH", "127.0.0.1:4000"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4000"),
        ]));
        refuses_the_endpoint();
    }

    #[test]
    fn an_endpoint_of_the_profile() {
        let scratch = Scratch::new();
        let file = scratch.path().join("config");
        alone!(|child: &mut Command| {
            std::fs::create_dir_all(scratch.path()).unwrap();
            let profile = "[default]\nregion = eu-central-1\nendpoint_url = 127.0.0.1:4000\n";
            std::fs::write(&file, profile).unwrap();
            only(&[])(child);
            child.env("AWS_CONFIG_FILE", &file);
        });
        refuses_the_endpoint();
    }

    #[test]
    fn a_region_with_a_space() {
        alone!(only(&[("AWS_REGION", "eu central-1")]));
        let error = install();
        let says = matches!(&error, InstallError::Region(region) if region == "eu central-1");
        assert!(says, "{error}");
        let builder = CloudWatchBuilder::new("Test").with_region("eu-central-1 ");
        let error = builder.install_blocking().unwrap_err();
        assert!(matches!(error, InstallError::Region(_)), "{error}");
    }
}
