//! The builder's settings for the SDK's client.

use crate::control::builder::CloudWatchBuilder;
use crate::control::builder::destination::{CLOUDWATCH, Destination, To};
use crate::control::error::BuildError;
use crate::model::sink::AnySink;
use crate::sinks::put_metric_data::PutMetricData;
use aws_sdk_cloudwatch::Client;
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
    /// None here. [`build`](Self::build) and the like say if the client has no region, or if this is called twice, as
    /// there are two destinations of one name then.
    pub fn with_client(self, client: Client) -> Self {
        let sink = by(client);
        self.with_destination(Destination::to(CLOUDWATCH.into(), To::Sink(sink)))
    }
}

/// The sink, if the client can be used.
pub(super) fn by(client: Client) -> Result<Arc<dyn AnySink>, BuildError> {
    let region = client.config().region();
    if region.is_none_or(|region| region.as_ref().is_empty()) {
        return Err(BuildError::NoRegion);
    }
    Ok(Arc::new(PutMetricData::new(client)))
}
