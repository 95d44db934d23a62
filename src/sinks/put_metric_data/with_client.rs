//! The builder's settings for the SDK's client.

use super::PutMetricData;
use crate::control::builder::{CloudWatchBuilder, Destination, SinkMaker};
use crate::control::error::BuildError;
use aws_sdk_cloudwatch::Client;
use std::sync::Arc;

impl CloudWatchBuilder {
    /// Sends by this client, instead of one by the SDK's usual chain of configuration.
    pub fn with_client(mut self, client: Client) -> Self {
        self.destination = Some(Destination::Later(by(client)));
        self
    }
}

/// Makes the sink once all settings are known.
pub(super) fn by(client: Client) -> SinkMaker {
    Box::new(move |config, clock| {
        if client.config().region().is_none() {
            return Err(BuildError::NoRegion);
        }
        let sink = PutMetricData::new(client)
            .with_clock(Arc::clone(clock))
            .with_clock_skew_correction(config.corrects_clock_skew);
        Ok(Arc::new(sink))
    })
}
