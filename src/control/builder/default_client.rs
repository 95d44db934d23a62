//! A client by the SDK's usual chain.

use crate::control::builder::with_client;
use crate::control::error::InstallError;
use crate::model::sink::AnySink;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::ProvideCredentials;
use std::sync::Arc;

/// With a region and credentials that are there.
pub(super) async fn by_default_client() -> Result<Arc<dyn AnySink>, InstallError> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    if config.region().is_none() {
        return Err(InstallError::NoRegion);
    }
    let credentials = config
        .credentials_provider()
        .ok_or_else(|| InstallError::Credentials("no provider of credentials".into()))?;
    credentials
        .provide_credentials()
        .await
        .map_err(|error| InstallError::Credentials(error.into()))?;
    Ok(with_client::by(Client::new(&config))?)
}
