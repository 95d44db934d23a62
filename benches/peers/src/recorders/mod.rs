//! The recorders, each installed as its documentation says, with its own defaults.

mod dogstatsd;
mod embedded;
mod exporter_otel;
mod floor;
mod metrics_cloudwatch;
mod metrics_opentelemetry;
mod metrics_util;
mod metrique;
mod ours;
mod prometheus;

use anyhow::Result;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatch::{Client, Config};
use clap::ValueEnum;

/// The metrics of which it is asked how much of them a recorder gives.
pub(crate) const COUNTER: &str = "peers_counter";
pub(crate) const HISTOGRAM: &str = "peers_histogram";
pub(crate) const NAMESPACE: &str = "Peers";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Recorder {
    Ours,
    /// One shared atomic, no look-up: what the others are compared with.
    Floor,
    MetricsUtil,
    Prometheus,
    Dogstatsd,
    MetricsCloudwatch,
    Embedded,
    Metrique,
    MetricsOpentelemetry,
    ExporterOtel,
}

/// A recorder that this process records into.
pub(crate) trait Installed {
    /// What it does from time to time in service.
    fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// Gives all that was recorded; what that is, unless it went to the endpoint.
    fn finish(self: Box<Self>) -> Result<Option<Delivered>>;
}

/// What a recorder gave of [`COUNTER`] and [`HISTOGRAM`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) counted: u64,
    pub(crate) samples: u64,
}

impl Recorder {
    /// For the table's head.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "one shared atomic",
            Self::MetricsUtil => "metrics-util Registry",
            Self::Prometheus => "metrics-exporter-prometheus",
            Self::Dogstatsd => "metrics-exporter-dogstatsd",
            Self::MetricsCloudwatch => "metrics_cloudwatch",
            Self::Embedded => "metrics_cloudwatch_embedded",
            Self::Metrique => "metrique-metricsrs",
            Self::MetricsOpentelemetry => "metrics-opentelemetry",
            Self::ExporterOtel => "metrics-exporter-otel",
        }
    }

    /// Someone might use it instead: one atomic for everything tells nothing.
    pub(crate) fn is_peer(self) -> bool {
        !matches!(self, Self::Ours | Self::Floor)
    }

    /// It publishes by `PutMetricData`.
    pub(crate) fn puts_metric_data(self) -> bool {
        matches!(self, Self::Ours | Self::MetricsCloudwatch)
    }

    /// Makes it the global recorder of this process.
    pub(crate) fn install(self, endpoint: &str) -> Result<Box<dyn Installed>> {
        Ok(match self {
            Self::Ours => Box::new(ours::install(client(endpoint))?),
            Self::Floor => Box::new(floor::install()?),
            Self::MetricsUtil => Box::new(metrics_util::install()?),
            Self::Prometheus => Box::new(prometheus::install()?),
            Self::Dogstatsd => Box::new(dogstatsd::install()?),
            Self::MetricsCloudwatch => Box::new(metrics_cloudwatch::install(client(endpoint))?),
            Self::Embedded => Box::new(embedded::install()?),
            Self::Metrique => Box::new(metrique::install()?),
            Self::MetricsOpentelemetry => Box::new(metrics_opentelemetry::install()?),
            Self::ExporterOtel => Box::new(exporter_otel::install()?),
        })
    }
}

fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("peers", "peers", None, None, "peers"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}
