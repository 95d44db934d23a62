//! `PutMetricData` by the AWS SDK's client.

use super::{request_len, unit_name};
use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, DatumValue};
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use crate::sinks::put_metric_data::classify::{classify, out_of_time};
use crate::sinks::put_metric_data::endpoint_probe::probe;
use crate::sinks::put_metric_data::failure_text::line;
use crate::sinks::put_metric_data::own_client::OwnClient;
use crate::sinks::put_metric_data::seen::{Head, Seen, host};
use aws_sdk_cloudwatch::config::StalledStreamProtectionConfig;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types;
use aws_sdk_cloudwatch::{Client, Config};
use std::time::Duration;

/// The SDK's own time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// The SDK calculates with floats, and panics beyond what a `Duration` can be.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Sends to CloudWatch.
///
/// The exporter alone repeats what failed, and its
/// [`with_request_timeout`](crate::CloudWatchBuilder::with_request_timeout) alone says how long a request may take. The
/// client's own retries, read, operation and attempt time-outs and its protection against stalled streams are off for
/// these requests, however they were set; what an HTTP client of one's own does by itself is its own affair. Of the
/// client's time-outs only the one to connect counts, 3.1 seconds by default, and half of the request's time at most.
///
/// A request's time begins once the SDK has credentials. Loading them may take ten minutes, or what the client's identity
/// cache was expressly set to; the log says so once after five seconds. A load is not cut short, so that the next attempt
/// does not begin it again.
///
/// An answer counts as the service's if it has the header `x-amzn-requestid` or `smithy-protocol`. A 200 without them is
/// a success with a [note](Sent::note), as a gateway may strip headers; a page of HTML is
/// [`SendError::Ambiguous`]. What is not about the data, such as a 404 or an unknown error code, is
/// [`SendError::Misdirected`]. Of an error that is longer than 256 KiB the beginning counts.
///
/// The `Date` of the service's own answers tells the exporter what the [service's clock](Attempt::service_clock) shows,
/// unless the answer has an `Age`. The SDK corrects its signatures by the `Date` of any answer; one that is more than 366
/// days from the machine's clock is forgotten before the next request.
///
/// The `Retry-After` of an answer that throttles goes into [`SendError::Throttled`]; the exporter heeds at most five
/// minutes of it. It may be in seconds, or a date, which is compared with the answer's `Date`. A `ServiceUnavailable`
/// of status 503 with a `Retry-After` counts as throttled, too.
#[derive(Clone)]
pub struct PutMetricData {
    client: OwnClient,
}

impl PutMetricData {
    /// Sends as `client` would: by another one of its configuration, so that what the SDK learns of answers to the exporter
    /// does not reach yours. They share an HTTP client and an identity cache if the configuration has them.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is a handle, as which callers have it"
    )]
    pub fn new(client: Client) -> Self {
        Self {
            client: OwnClient::like(&client),
        }
    }

    /// Time to connect is less than there is in all, so that a time-out without a connection is told from one with
    /// a request under way. All else is the exporter's, whatever the client has. An attempt's own time is there for the
    /// SDK's identity cache, which gives a load as much, and 6 seconds without.
    fn timeouts(config: &Config, request: Duration, load: Duration) -> TimeoutConfig {
        let theirs = config.timeout_config();
        let theirs = theirs.and_then(TimeoutConfig::connect_timeout);
        TimeoutConfig::builder()
            .connect_timeout(theirs.unwrap_or(CONNECT_TIMEOUT).min(request / 2))
            .disable_operation_timeout()
            .operation_attempt_timeout(load.saturating_add(request).min(LONGEST))
            .disable_read_timeout()
            .build()
    }
}

impl Sink for PutMetricData {
    /// The region and the endpoint, without what may be secret in its URL.
    fn describe(&self) -> Option<String> {
        let client = self.client.get();
        let config = client.config();
        let region = config.region()?;
        let url = probe(config).ok().flatten().unwrap_or_default();
        Some(match url.split_once("://") {
            Some((scheme, _)) => format!("CloudWatch in {region} at {scheme}://{}", host(&url)),
            None => format!("CloudWatch in {region}"),
        })
    }

    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        request_len::added(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.asks_to_leave();
        let client = self.client.get();
        let seen = Seen::of(attempt, client.config().region());
        let timeouts = Self::timeouts(client.config(), attempt.timeout(), attempt.load_time());
        let once = Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(seen.clone());
        let data = batch.data().iter().map(to_sdk).collect();
        let request = client
            .put_metric_data()
            .namespace(batch.namespace())
            .set_metric_data(Some(data))
            .customize()
            .config_override(once);
        let answer = tokio::select! {
            biased;
            answer = request.send() => answer,
            () = attempt.out_of_time() => return Err(out_of_time(&seen)),
        };
        let head = seen.answer();
        if let Some(theirs) = head.as_ref().and_then(|head| head.date) {
            attempt.service_clock(theirs);
        }
        match (answer, head) {
            (Err(error), _) => Err(classify(&error, &seen)),
            (Ok(_), Some(head)) if !head.is_services => stripped(&head, seen.host()),
            (Ok(_), _) => Ok(Sent::default()),
        }
    }
}

/// A success without the service's headers. A gateway may leave them out; but a page for people is nobody's answer to data.
fn stripped(head: &Head, host: &str) -> Result<Sent, SendError> {
    if head.is_html || head.body.begins_like_html() {
        return Err(SendError::Ambiguous(line(&format!(
            "HTTP {} from {host} with a page of HTML: a proxy answers, or a wrong endpoint",
            head.status
        ))));
    }
    Ok(Sent::default().with_note(format!(
        "HTTP {} from {host} without CloudWatch's headers (x-amzn-requestid, smithy-protocol): taken for CloudWatch's own",
        head.status
    )))
}

impl std::fmt::Debug for PutMetricData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutMetricData").finish_non_exhaustive()
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
            let mut config = Config::builder().behavior_version(BehaviorVersion::latest());
            if let Some(client) = client {
                let timeouts = TimeoutConfig::builder().connect_timeout(ms(client));
                config = config.timeout_config(timeouts.build());
            }
            let timeouts = PutMetricData::timeouts(&config.build(), ms(request), Duration::ZERO);
            let connect = timeouts.connect_timeout().unwrap();
            assert_eq!(connect.as_millis(), expected, "{client:?}, {request} ms");
        }
    }
}
