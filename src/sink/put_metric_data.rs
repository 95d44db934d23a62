//! `PutMetricData` by the AWS SDK's client.

use super::{SendError, Sending, Sink};
use crate::config::DEFAULT_REQUEST_TIMEOUT;
use crate::encode::datum::{DatumValue, MetricDatum};
use crate::encode::pack::Batch;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types;
use std::error::Error;
use std::time::Duration;

/// Sends to CloudWatch.
///
/// The exporter alone repeats what failed, so the SDK's own retries are off for these requests,
/// whatever the client's settings are; so is its lack of a time-out.
#[derive(Clone, Debug)]
pub struct PutMetricData {
    client: Client,
    timeout: Duration,
}

impl PutMetricData {
    /// Sends by `client`, with 4 seconds for each request.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            timeout: DEFAULT_REQUEST_TIMEOUT,
        }
    }

    /// How long a request may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Sink for PutMetricData {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        let timeout = TimeoutConfig::builder()
            .operation_timeout(self.timeout)
            .build();
        let once = aws_sdk_cloudwatch::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeout);
        let request = self
            .client
            .put_metric_data()
            .namespace(batch.namespace())
            .set_metric_data(Some(batch.data().iter().map(to_sdk).collect()))
            .customize()
            .config_override(once);
        Box::pin(async move {
            match request.send().await {
                Ok(_) => Ok(()),
                Err(error) => Err(classify(&error)),
            }
        })
    }
}

fn to_sdk(datum: &MetricDatum) -> types::MetricDatum {
    let dimensions = datum.dimensions().iter().map(|dimension| {
        types::Dimension::builder()
            .name(&*dimension.name)
            .value(&*dimension.value)
            .build()
    });
    let builder = types::MetricDatum::builder()
        .metric_name(datum.name())
        .set_dimensions((!datum.dimensions().is_empty()).then(|| dimensions.collect()))
        .timestamp(DateTime::from(datum.timestamp()))
        .set_unit(datum.unit().cloned())
        .storage_resolution(datum.storage_resolution().seconds().into());
    match datum.value() {
        DatumValue::Single(value) => builder.value(*value),
        DatumValue::Statistic(statistics) => builder.statistic_values(
            types::StatisticSet::builder()
                .sample_count(statistics.sample_count)
                .sum(statistics.sum)
                .minimum(statistics.minimum)
                .maximum(statistics.maximum)
                .build(),
        ),
        DatumValue::Distribution { values, counts } => builder
            .set_values(Some(values.to_vec()))
            .set_counts(Some(counts.to_vec())),
    }
    .build()
}

/// Who is at fault: the request, which then never goes through, or anything else, which may mend.
fn classify(error: &SdkError<PutMetricDataError>) -> SendError {
    let code = match error {
        SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => {
            let status = answer.raw().status().as_u16();
            // An answer that names no error is not the service's: a proxy's, or a wrong endpoint's.
            let code = answer
                .err()
                .code()
                .or((status == 413).then_some("RequestEntityTooLarge"));
            code.filter(|code| !may_mend(status, code))
        }
        SdkError::ConstructionFailure(_) => Some("ConstructionFailure"),
        _ => None,
    };
    match code {
        Some(code) => SendError::Rejected {
            code: code.into(),
            message: error
                .message()
                .map_or_else(|| causes(error), ToOwned::to_owned),
        },
        None => SendError::Transient(causes(error).into()),
    }
}

/// The error and what caused it, in one line: an `SdkError` alone only says "service error".
fn causes(error: &SdkError<PutMetricDataError>) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// Client errors that say nothing against the data: too many requests, or credentials and
/// permissions, which somebody may put right.
fn may_mend(status: u16, code: &str) -> bool {
    matches!(status, 401 | 403 | 408 | 429)
        || code.starts_with("Throttl")
        || matches!(
            code,
            "AccessDenied"
                | "AccessDeniedException"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "IncompleteSignature"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "LimitExceeded"
                | "MissingAuthenticationToken"
                | "NotAuthorized"
                | "OptInRequired"
                | "RequestExpired"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "SignatureDoesNotMatch"
                | "TooManyRequestsException"
                | "UnrecognizedClientException"
        )
}
