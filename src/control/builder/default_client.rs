//! A client by the SDK's usual chain, and the builder's settings for it.

use crate::clock::Clock;
use crate::control::builder::destination::{Destination, To};
use crate::control::builder::fresh_connections::FreshConnections;
use crate::control::builder::{CloudWatchBuilder, with_client};
use crate::control::error::BuildError;
use crate::control::exporter::CloudWatchExporter;
use crate::control::recorder::CloudWatchRecorder;
use crate::model::attempt::{MIN_LOAD, UNSAID_LOAD};
use crate::model::sink::AnySink;
use crate::sinks::put_metric_data::{is_http, without_user};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{self, ProvideCredentials, Region};
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, timeout, timeout_at};

/// What the user chose of it.
#[derive(Debug, Default)]
pub(super) struct DefaultClient {
    region: Option<String>,
    endpoint_url: Option<String>,
}

impl CloudWatchBuilder {
    /// The region of the default client, such as `eu-central-1`, instead of the one that the SDK's usual chain finds.
    ///
    /// # Errors
    ///
    /// None here. [`install`](Self::install) and the like end with [`BuildError::Region`](crate::BuildError::Region) if it
    /// cannot be part of a host's name. Where there are destinations, and [the default client's](Destination::cloudwatch) is not among them,
    /// [`install`](Self::install) and the like end with
    /// [`BuildError::NotForOwnClient`](crate::BuildError::NotForOwnClient): a client has a region of its own.
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.default_client.region = Some(region.into());
        self
    }

    /// Where the default client sends to, such as a VPC endpoint, or a `cloudwatch-local` at `http://127.0.0.1:4000`:
    /// `http://` or `https://`, and a host. By default it is what the SDK finds: `AWS_ENDPOINT_URL_CLOUDWATCH`,
    /// `AWS_ENDPOINT_URL`, the profile's `endpoint_url`, or the region's own endpoint. It is for CloudWatch alone:
    /// credentials are looked up where they ever are.
    ///
    /// # Errors
    ///
    /// None here. [`install`](Self::install) and the like end with
    /// [`BuildError::EndpointUrl`](crate::BuildError::EndpointUrl) if it is no such URL, from wherever it comes, and as
    /// [`with_region`](Self::with_region) says with a client or a sink of your own.
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.default_client.endpoint_url = Some(url.into());
        self
    }

    /// [`build`](Self::build) with a client by the SDK's usual chain, as [`install`](Self::install) makes it, where no
    /// destination was given, or [that one](Destination::cloudwatch): region and credentials are checked. It installs and starts nothing.
    ///
    /// It needs a Tokio runtime with I/O and timers, as the SDK does. The connections of the client belong to the runtime
    /// that opens them: the one where the exporter runs. A [journal](Self::with_journal) is read on this thread, as by
    /// [`build`](Self::build).
    ///
    /// ```no_run
    /// use metrics_exporter_cloudwatch::CloudWatchBuilder;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = CloudWatchBuilder::new("Shop").with_region("eu-central-1");
    /// let (recorder, exporter) = builder.build_with_default_client().await?;
    /// let cloudwatch = exporter.handle();
    /// tokio::spawn(exporter.run());
    /// metrics::set_global_recorder(recorder)?;
    /// # let _ = cloudwatch;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); also if there is no region, there are no credentials, or none came within ten
    /// minutes. That they are awaited is logged after five seconds.
    pub async fn build_with_default_client(
        self,
    ) -> Result<(CloudWatchRecorder, CloudWatchExporter), BuildError> {
        self.or_default_client().await?.build()
    }

    /// What is set for the default client has to have one.
    pub(super) fn check_default_client(&self) -> Result<(), BuildError> {
        let is_default = |one: &Destination| matches!(one.to, To::DefaultClient);
        let has_one = self.destinations.is_empty() || self.destinations.iter().any(is_default);
        if has_one || self.default_client.is_untouched() {
            Ok(())
        } else {
            Err(BuildError::NotForOwnClient)
        }
    }

    /// With the default client, if there is no sink yet.
    pub(super) async fn or_default_client(mut self) -> Result<Self, BuildError> {
        // What is cheap to find out comes before what asks others.
        self.validate()?;
        if self.destinations.is_empty() {
            self.destinations.push(Destination::cloudwatch());
        }
        let chosen = std::mem::take(&mut self.default_client);
        let clock = Arc::clone(&self.clock);
        let mut all = self.destinations.iter_mut();
        if let Some(meant) = all.find(|one| matches!(one.to, To::DefaultClient)) {
            meant.to = To::Sink(Ok(chosen.connect(clock).await?));
        }
        Ok(self)
    }
}

impl DefaultClient {
    /// Whether nothing was chosen.
    pub(super) fn is_untouched(&self) -> bool {
        self.region.is_none() && self.endpoint_url.is_none()
    }

    /// With a region and credentials that are there.
    async fn connect(self, clock: Arc<dyn Clock>) -> Result<Arc<dyn AnySink>, BuildError> {
        if let Some(url) = self.endpoint_url.as_ref().filter(|url| !is_http(url)) {
            return Err(BuildError::EndpointUrl(without_user(url)));
        }
        let mut chain = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(region) = self.region {
            chain = chain.region(Region::new(region));
        }
        let found = chain.load().await;
        // Of this service alone: the chain's own would move those that give credentials, too.
        let mut config = config::Builder::from(&found).http_client(FreshConnections::new(clock));
        if let Some(url) = self.endpoint_url {
            config = config.endpoint_url(url);
        }
        let sink = with_client::by(Client::from_conf(config.build()))?;
        let credentials = found
            .credentials_provider()
            .ok_or_else(|| BuildError::Credentials("no provider of credentials".into()))?;
        awaited(credentials.provide_credentials())
            .await?
            .map_err(|error| BuildError::Credentials(error.into()))?;
        Ok(sink)
    }
}

/// What is being loaded: that it takes long is said, and that it takes for ever is an error.
async fn awaited<T>(load: impl Future<Output = T>) -> Result<T, BuildError> {
    let (mut load, until) = (pin!(load), Instant::now() + MIN_LOAD);
    if let Ok(loaded) = timeout(UNSAID_LOAD, &mut load).await {
        return Ok(loaded);
    }
    tracing::warn!(
        seconds = UNSAID_LOAD.as_secs(),
        "credentials are awaited; nothing is recorded before"
    );
    let never = |_| BuildError::Credentials("none came within ten minutes".into());
    timeout_at(until, load).await.map_err(never)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_load_that_takes_long_is_said_and_waited_for_but_not_for_ever() {
        let lines = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt().with_writer(move || {
            written.fetch_add(1, Ordering::Relaxed);
            io::sink()
        });
        let _logs = tracing::subscriber::set_default(subscriber.finish());
        for (load, expected) in [(UNSAID_LOAD / 2, 0), (UNSAID_LOAD * 20, 1)] {
            assert!(awaited(tokio::time::sleep(load)).await.is_ok());
            assert_eq!(lines.load(Ordering::Relaxed), expected, "{load:?}");
        }
        let before = Instant::now();
        let error = awaited(std::future::pending::<()>()).await.unwrap_err();
        assert!(matches!(error, BuildError::Credentials(_)));
        assert_eq!(before.elapsed(), MIN_LOAD);
    }
}
