//! Clients of the SDK's, set up for a service that is here.

use aws_sdk_cloudwatch::Config;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};

/// The SDK's default in everything but where it sends to, and by what.
pub(crate) fn config(endpoint: &str, http: SharedHttpClient) -> Config {
    let credentials = Credentials::new("local", "local", None, None, "cloudwatch-local");
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .http_client(http)
        .build()
}
