//! The builder's settings for the SDK's client.

use crate::control::builder::CloudWatchBuilder;
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
    pub fn with_client(mut self, client: Client) -> Self {
        self.sink = Some(by(client));
        self
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
