//! A server whose clock stands still until a test moves it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StatisticSet};
use cloudwatch_local::Local;

/// 2024-03-01T12:00:00Z.
pub(crate) const NOON: u64 = 1_709_294_400;
pub(crate) const NAMESPACE: &str = "shop";

pub(crate) struct Fixture {
    pub(crate) local: Local,
    pub(crate) client: Client,
    seconds: Arc<AtomicU64>,
}

impl Fixture {
    pub(crate) async fn at_noon() -> Self {
        let seconds = Arc::new(AtomicU64::new(NOON));
        let clock = Arc::clone(&seconds);
        let local = Local::builder()
            .with_clock(move || time(clock.load(Ordering::Relaxed)))
            .start()
            .await
            .unwrap();
        Self {
            client: local.client(),
            local,
            seconds,
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.seconds.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    pub(crate) async fn try_put(&self, data: Vec<MetricDatum>) -> Result<(), Refused> {
        let request = self.client.put_metric_data().namespace(NAMESPACE);
        request
            .set_metric_data(Some(data))
            .send()
            .await
            .map(drop)
            .map_err(|error| refused(&error))
    }

    pub(crate) async fn put(&self, data: impl IntoIterator<Item = MetricDatumBuilder>) {
        let data = data.into_iter().map(MetricDatumBuilder::build).collect();
        self.try_put(data).await.unwrap();
    }
}

/// An error of the service as a caller of the SDK sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

pub(crate) fn refused<E: ProvideErrorMetadata + Debug>(error: &SdkError<E>) -> Refused {
    let response = error
        .raw_response()
        .unwrap_or_else(|| panic!("no response: {error:?}"));
    Refused {
        status: response.status().as_u16(),
        code: error.code().unwrap_or_default().to_owned(),
        message: error.message().unwrap_or_default().to_owned(),
    }
}

/// A datum that lacks nothing but a value.
pub(crate) fn named(name: &str) -> MetricDatumBuilder {
    MetricDatum::builder().metric_name(name)
}

pub(crate) fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

pub(crate) fn set(sample_count: f64, sum: f64, minimum: f64, maximum: f64) -> StatisticSet {
    StatisticSet::builder()
        .sample_count(sample_count)
        .sum(sum)
        .minimum(minimum)
        .maximum(maximum)
        .build()
}

pub(crate) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn at(seconds: u64) -> DateTime {
    DateTime::from(time(seconds))
}
