//! Every fault, in memory and over a socket: what the SDK makes of it, and what the service knows of it.

mod plan;
mod seen;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::types::MetricDatum;
use std::time::Duration;

/// One attempt, and what came of it: `ok`, or the error's variant, the status if there is one, and the code.
async fn attempt(client: &Client, names: &[&str], timeout: Option<Duration>) -> String {
    let mut config = aws_sdk_cloudwatch::Config::builder().retry_config(RetryConfig::disabled());
    if let Some(timeout) = timeout {
        let timeouts = TimeoutConfig::builder().operation_timeout(timeout).build();
        config = config.timeout_config(timeouts);
    }
    let data = names.iter().map(|name| {
        let datum = MetricDatum::builder().metric_name(*name);
        datum.value(1.0).build()
    });
    let sent = client
        .put_metric_data()
        .namespace("Test")
        .set_metric_data(Some(data.collect()))
        .customize()
        .config_override(config)
        .send()
        .await;
    match sent {
        Ok(_) => "ok".to_owned(),
        Err(SdkError::ServiceError(answer)) => format!(
            "service {} {}",
            answer.raw().status().as_u16(),
            answer.err().code().unwrap_or("-")
        ),
        Err(SdkError::ResponseError(answer)) => {
            format!("response {}", answer.raw().status().as_u16())
        }
        Err(SdkError::TimeoutError(_)) => "timeout".to_owned(),
        Err(SdkError::DispatchFailure(_)) => "dispatch".to_owned(),
        Err(error) => panic!("{error:?}"),
    }
}
