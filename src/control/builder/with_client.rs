//! The builder's settings for the SDK's client.

use crate::control::builder::CloudWatchBuilder;
use crate::control::builder::destination::{CLOUDWATCH, Destination, To};
use crate::control::error::BuildError;
use crate::model::sink::AnySink;
use crate::sinks::put_metric_data::{NoEndpoint, PutMetricData, probe, without_user};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Region;
use std::sync::Arc;

impl CloudWatchBuilder {
    /// Sends by this client, instead of one by the SDK's usual chain of configuration. The SDK is there as
    /// [`aws_sdk_cloudwatch`](crate::aws_sdk_cloudwatch), in the version that this takes.
    ///
    /// ```no_run
    /// use metrics_exporter_cloudwatch::{CloudWatchBuilder, aws_sdk_cloudwatch::Client};
    ///
    /// # async fn example(config: metrics_exporter_cloudwatch::aws_sdk_cloudwatch::Config) -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::from_conf(config);
    /// let cloudwatch = CloudWatchBuilder::new("Shop").with_client(client).install().await?;
    /// # let _ = cloudwatch;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is a [`Destination`] named `cloudwatch`, with all the settings of this builder. One with a
    /// name or settings of its own is [new](Destination::new) with a [`PutMetricData`].
    ///
    /// # Errors
    ///
    /// None here. [`build`](Self::build) and the like say if the client has no region or an impossible one, if its
    /// endpoint is no URL, or if this is called twice, as there are two destinations of one name then.
    pub fn with_client(self, client: Client) -> Self {
        let sink = by(client);
        self.with_destination(Destination::to(CLOUDWATCH.into(), To::Sink(sink)))
    }
}

/// The sink, if the client can be used.
pub(super) fn by(client: Client) -> Result<Arc<dyn AnySink>, BuildError> {
    let config = client.config();
    let region = config.region().map_or("", Region::as_ref);
    if region.is_empty() {
        return Err(BuildError::NoRegion);
    }
    if !is_of_a_host(region) {
        return Err(BuildError::Region(region.into()));
    }
    probe(config).map_err(|NoEndpoint(url)| BuildError::EndpointUrl(without_user(&url)))?;
    Ok(Arc::new(PutMetricData::new(client)))
}

/// The SDK makes no request for any other region, wherever the request would go.
fn is_of_a_host(region: &str) -> bool {
    let is_letter = |next: u8| next.is_ascii_alphanumeric() || next == b'-';
    region.split('.').all(|label| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && label.bytes().all(is_letter)
    })
}
