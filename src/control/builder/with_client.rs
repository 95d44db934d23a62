//! The builder's settings for the SDK's client.

use crate::control::builder::CloudWatchBuilder;
use crate::control::error::BuildError;
use crate::model::sink::AnySink;
use crate::sinks::put_metric_data::PutMetricData;
use aws_sdk_cloudwatch::Client;
use std::sync::Arc;

impl CloudWatchBuilder {
    /// Sends by this client, instead of one by the SDK's usual chain of configuration.
    pub fn with_client(mut self, client: Client) -> Self {
        self.sink = Some(by(client));
        self
    }
}

/// The sink, if the client can be used.
pub(super) fn by(client: Client) -> Result<Arc<dyn AnySink>, BuildError> {
    if client.config().region().is_none() {
        return Err(BuildError::NoRegion);
    }
    Ok(Arc::new(PutMetricData::new(client)))
}
