//! `PutMetricData` by the AWS SDK's client.

use super::{request_len, unit_name};
use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, DatumValue};
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use crate::sinks::put_metric_data::answer_body::Answer;
use crate::sinks::put_metric_data::classify::{Departure, classify};
use crate::sinks::put_metric_data::retry_after::date;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::HttpClient;
use aws_sdk_cloudwatch::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_types::body::SdkBody;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// The SDK's own time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// Sends to CloudWatch.
///
/// The exporter alone repeats what failed, so the SDK's own retries and time-outs are off for these requests,
/// whatever the client's settings are. A request's time begins once the SDK has credentials, for which it has five
/// seconds by its own account, or what the client's identity cache has been set to. Half of it is the most that
/// a connection may take, of 3.1 seconds or what the client has been set to.
///
/// An answer counts as the service's if it has the header `x-amzn-requestid` or `smithy-protocol`; so must one that a
/// test makes up. A 200 without them is somebody else's, and the request is repeated.
///
/// The `Date` of the service's own answers tells the exporter what the [service's clock](Attempt::service_clock) shows,
/// unless the answer has an `Age`.
///
/// The `Retry-After` of an answer that throttles goes into [`SendError::Throttled`]; the exporter heeds at most five
/// minutes of it. It may be in seconds, or a date, which is compared with the answer's `Date`. A `ServiceUnavailable`
/// of status 503 with a `Retry-After` counts as throttled, too.
#[derive(Clone)]
pub struct PutMetricData {
    client: Client,
}

impl PutMetricData {
    /// Sends by `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Time to connect is less than there is in all, so that a time-out without a connection is told from one with
    /// a request under way.
    fn timeouts(&self, request: Duration) -> TimeoutConfig {
        let theirs = self.client.config().timeout_config();
        let theirs = theirs.and_then(TimeoutConfig::connect_timeout);
        TimeoutConfig::builder()
            .connect_timeout(theirs.unwrap_or(CONNECT_TIMEOUT).min(request / 2))
            .disable_operation_timeout()
            .disable_operation_attempt_timeout()
            .disable_read_timeout()
            .build()
    }
}

impl Sink for PutMetricData {
    /// The region.
    fn describe(&self) -> Option<String> {
        let region = self.client.config().region()?;
        Some(format!("CloudWatch in {region}"))
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        request_len::added(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        let seen = Seen::of(attempt);
        let once = aws_sdk_cloudwatch::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts(attempt.timeout()))
            .interceptor(seen.clone());
        let data = batch.data().iter().map(to_sdk).collect();
        let request = self
            .client
            .put_metric_data()
            .namespace(batch.namespace())
            .set_metric_data(Some(data))
            .customize()
            .config_override(once);
        let answer = tokio::select! {
            biased;
            answer = request.send() => answer,
            () = attempt.out_of_time() => return Err(out_of_time(seen.departure())),
        };
        if let Some(theirs) = *seen.0.date.lock() {
            attempt.service_clock(theirs);
        }
        match answer.map_err(|error| classify(&error, seen.departure())) {
            Ok(_) if seen.0.is_foreign.load(Ordering::Relaxed) => Err(SendError::Ambiguous(
                "the answer is not CloudWatch's: a proxy's, or a wrong endpoint's".into(),
            )),
            Ok(_) => Ok(Sent::default()),
            Err(error) => Err(error),
        }
    }
}

fn out_of_time(departure: Departure) -> SendError {
    match departure {
        Departure::No => SendError::Transient("no credentials in time".into()),
        Departure::NeverConnected => SendError::Transient("no connection in time".into()),
        Departure::Perhaps => SendError::Ambiguous("no answer in time".into()),
    }
}

impl std::fmt::Debug for PutMetricData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutMetricData").finish_non_exhaustive()
    }
}

/// What was seen of one attempt that its result does not tell.
#[derive(Clone, Debug)]
struct Seen(Arc<Sight>);

#[derive(Debug)]
struct Sight {
    attempt: Attempt,
    has_left: AtomicBool,
    /// Where the HTTP client tells of its connections: the one that the request was given to.
    connection: Mutex<Option<CaptureSmithyConnection>>,
    /// The SDK takes any answer for the service's if only its status is 200.
    is_foreign: AtomicBool,
    date: Mutex<Option<SystemTime>>,
}

impl Seen {
    fn of(attempt: &Attempt) -> Self {
        Self(Arc::new(Sight {
            attempt: attempt.clone(),
            has_left: AtomicBool::new(false),
            connection: Mutex::default(),
            is_foreign: AtomicBool::new(false),
            date: Mutex::default(),
        }))
    }

    fn departure(&self) -> Departure {
        let connection = self.0.connection.lock();
        let has_none = connection.as_ref().is_some_and(|it| it.get().is_none());
        match self.0.has_left.load(Ordering::Relaxed) {
            false => Departure::No,
            true if has_none => Departure::NeverConnected,
            true => Departure::Perhaps,
        }
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "metrics-exporter-cloudwatch"
    }

    /// The SDK has credentials by now.
    fn read_before_signing(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.attempt.leaves();
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let client = components.http_client();
        let metadata = client.and_then(|client| client.connector_metadata());
        // Other clients need not tell, so that no connection means nothing.
        if metadata.is_some_and(|metadata| metadata.name() == "hyper") {
            *self.0.connection.lock() = config.load::<CaptureSmithyConnection>().cloned();
        }
        self.0.has_left.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let is_known =
            headers.get("x-amzn-requestid").is_some() || headers.get("smithy-protocol").is_some();
        self.0.is_foreign.store(!is_known, Ordering::Relaxed);
        // Others' clocks are no matter, and a cache's answer is of another time.
        if is_known && headers.get("age").is_none() {
            *self.0.date.lock() = headers.get("date").and_then(date);
        }
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Answer::new(whole));
        Ok(())
    }
}

fn to_sdk(datum: &Datum) -> types::MetricDatum {
    let dimensions = datum
        .dimensions()
        .map(|(name, value)| types::Dimension::builder().name(name).value(value).build());
    let dimensions: Vec<_> = dimensions.collect();
    let builder = types::MetricDatum::builder()
        .metric_name(datum.name())
        .set_dimensions((!dimensions.is_empty()).then_some(dimensions))
        .timestamp(DateTime::from(datum.timestamp()))
        .set_unit(
            datum
                .unit()
                .and_then(unit_name::name)
                .map(types::StandardUnit::from),
        )
        .storage_resolution(datum.storage_resolution().seconds().into());
    match datum.value() {
        DatumValue::Number(value) => builder.value(*value),
        // Buckets were meant for another sink, before its journal came here.
        value @ (DatumValue::StatisticSet(_) | DatumValue::Buckets(_) | DatumValue::Total(_)) => {
            let statistics = value.statistics();
            builder.statistic_values(
                types::StatisticSet::builder()
                    .sample_count(statistics.sample_count)
                    .sum(statistics.sum)
                    .minimum(statistics.minimum)
                    .maximum(statistics.maximum)
                    .build(),
            )
        }
        DatumValue::Values(values) => {
            let (values, counts) = values.iter().unzip();
            builder.set_values(Some(values)).set_counts(Some(counts))
        }
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::config::BehaviorVersion;

    #[test]
    fn connecting_takes_half_the_time_at_most() {
        let ms = Duration::from_millis;
        for (client, request, expected) in [
            (None, 60_000, 3_100),
            (None, 6_200, 3_100),
            (None, 4_000, 2_000),
            (None, 1, 0),
            (Some(500), 4_000, 500),
            (Some(500), 600, 300),
            (Some(20_000), 60_000, 20_000),
        ] {
            let mut config =
                aws_sdk_cloudwatch::Config::builder().behavior_version(BehaviorVersion::latest());
            if let Some(client) = client {
                let timeouts = TimeoutConfig::builder().connect_timeout(ms(client));
                config = config.timeout_config(timeouts.build());
            }
            let sink = PutMetricData::new(Client::from_conf(config.build()));
            let timeouts = sink.timeouts(ms(request));
            let connect = timeouts.connect_timeout().unwrap();
            assert_eq!(connect.as_millis(), expected, "{client:?}, {request} ms");
        }
    }
}
