//! `CloudWatchBuilder`: settings, checked, then joined with a recorder and an exporter.

use crate::config::{Config, HistogramForm};
use crate::error::{BuildError, InstallError};
use crate::exporter::{self, Clock, CloudWatchExporter, CloudWatchHandle, SystemClock};
use crate::matcher::Matcher;
use crate::recorder::CloudWatchRecorder;
use crate::registry::Registry;
use crate::sink::{PutMetricData, Sink};
use crate::window::StorageResolution;
use aws_sdk_cloudwatch::Client;
use metrics::SharedString;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Settings of a recorder and its exporter, and the ways to start them.
///
/// ```no_run
/// use metrics_exporter_cloudwatch::CloudWatchBuilder;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cloudwatch = CloudWatchBuilder::new("Shop")
///     .with_dimension("service", "checkout")
///     .install()
///     .await?;
/// metrics::counter!("requests", "method" => "GET").increment(1);
/// let report = cloudwatch.shutdown().await?;
/// assert!(report.is_complete(), "{report:?}");
/// # Ok(())
/// # }
/// ```
#[must_use = "call install, install_blocking or build"]
pub struct CloudWatchBuilder {
    config: Config,
    destination: Option<Destination>,
    clock: Arc<dyn Clock>,
}

enum Destination {
    Client(Client),
    Sink(Arc<dyn Sink>),
}

impl CloudWatchBuilder {
    /// Starts with the namespace that all metrics go to: 1–255 ASCII characters, none of them a
    /// control character; not starting with a colon, nor with `AWS/`.
    ///
    /// It is checked, like everything else, when the exporter is built or installed.
    pub fn new(namespace: impl AsRef<str>) -> Self {
        Self {
            config: Config::new(namespace.as_ref()),
            destination: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Adds a dimension to every metric. None by default; 30 at most, those of the metric included.
    ///
    /// A metric's own label of this name wins; one with an empty value takes the dimension away
    /// from that metric. Each combination of dimensions is a metric of its own, and billed so.
    pub fn with_dimension(
        mut self,
        name: impl Into<SharedString>,
        value: impl Into<SharedString>,
    ) -> Self {
        self.config
            .default_dimensions
            .insert(name.into(), value.into());
        self
    }

    /// How fine CloudWatch stores the data, and how long a window is: a minute by default, or a
    /// second, which means up to sixty times as many requests.
    pub fn with_storage_resolution(mut self, resolution: StorageResolution) -> Self {
        self.config.storage_resolution = resolution;
        self
    }

    /// How histograms are sent that [`with_histogram_form_for`](Self::with_histogram_form_for) says
    /// nothing of: as [`HistogramForm::Distribution`] by default.
    pub fn with_histogram_form(mut self, form: HistogramForm) -> Self {
        self.config.histogram_forms.set_default(form);
        self
    }

    /// How the histograms are sent whose names match.
    pub fn with_histogram_form_for(mut self, matcher: Matcher, form: HistogramForm) -> Self {
        self.config.histogram_forms.set(matcher, form);
        self
    }

    /// How many bytes of data may wait to be delivered, counted as they will be encoded: 64 MiB by
    /// default, 1,000,000 at least. Beyond that the oldest are dropped, and reported. A request under
    /// way does not count; all data of a window do, so it has to have room for one window at the
    /// very least: a histogram of many values takes 2.8 KB, a counter about 150 bytes.
    pub fn with_queue_bytes(mut self, bytes: usize) -> Self {
        self.config.queue_bytes = bytes;
        self
    }

    /// How long a flush or a shutdown may wait for deliveries: 10 seconds by default.
    pub fn with_flush_timeout(mut self, timeout: Duration) -> Self {
        self.config.flush_timeout = timeout;
        self
    }

    /// Also sends what there is whenever the last open scope of the process closes: a
    /// [`timeit!`](metrics_timeit::timeit!) guard, or a function with `#[timeit]` or `#[count]`, on whatever thread. Off
    /// by default.
    ///
    /// The function that ends is not held up. There is at most one such flush in `interval`; those
    /// that would come sooner are put together into one at its end. Each is a request at least, and a
    /// gauge that changes between two of them in a minute is two samples in that minute.
    pub fn with_flush_on_idle(mut self, interval: Duration) -> Self {
        self.config.idle_flush_interval = Some(interval);
        self
    }

    /// How long a request to CloudWatch may take: 4 seconds by default, so that a flush has time for a
    /// second attempt. Sinks of your own have time-outs of their own.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.config.request_timeout = timeout;
        self
    }

    /// Sends by this client, instead of one by the SDK's usual chain of configuration.
    pub fn with_client(mut self, client: Client) -> Self {
        self.destination = Some(Destination::Client(client));
        self
    }

    /// Sends to this sink instead of CloudWatch.
    pub fn with_sink(mut self, sink: impl Sink) -> Self {
        self.destination = Some(Destination::Sink(Arc::new(sink)));
        self
    }

    /// Takes the time from this clock instead of the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes a recorder and an exporter, and touches neither a runtime nor the network: for layers,
    /// for [`metrics::with_local_recorder`], or for a runtime of your own.
    ///
    /// # Errors
    ///
    /// If a setting cannot be, or neither [`with_client`](Self::with_client) nor
    /// [`with_sink`](Self::with_sink) was called.
    pub fn build(self) -> Result<(CloudWatchRecorder, CloudWatchExporter), BuildError> {
        self.config.validate()?;
        let sink: Arc<dyn Sink> = match self.destination {
            Some(Destination::Sink(sink)) => sink,
            Some(Destination::Client(client)) => {
                if client.config().region().is_none() {
                    return Err(BuildError::NoRegion);
                }
                Arc::new(PutMetricData::new(client).with_timeout(self.config.request_timeout))
            }
            None => return Err(BuildError::NoSink),
        };
        let registry = Arc::new(Registry::new(self.config.default_dimensions.clone()));
        let (alive, recorders) = mpsc::channel(1);
        let recorder = CloudWatchRecorder::new(Arc::clone(&registry), alive);
        let exporter = CloudWatchExporter::new(self.config, registry, self.clock, sink, recorders);
        Ok((recorder, exporter))
    }

    /// Installs the global recorder, and spawns the exporter on the current Tokio runtime.
    ///
    /// Without [`with_client`](Self::with_client), region and credentials come from the SDK's usual
    /// chain: environment, profile, SSO, container, instance. A client of your own is checked for a
    /// region; its credentials it does not show.
    ///
    /// The runtime needs its time and I/O drivers, as `#[tokio::main]` gives it.
    ///
    /// # Errors
    ///
    /// If there is no runtime, a setting cannot be, there is no region, there are no credentials,
    /// or a global recorder is installed already.
    pub async fn install(self) -> Result<CloudWatchHandle, InstallError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| InstallError::NoRuntime)?;
        let (handle, exporter) = self.prepare().await?;
        runtime.spawn(exporter.run());
        Ok(handle)
    }

    /// [`install`](Self::install) for where there is no async: the exporter gets a thread and a
    /// runtime of its own.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install), or if the thread cannot be started.
    pub fn install_blocking(self) -> Result<CloudWatchHandle, InstallError> {
        let runtime = exporter::runtime().map_err(InstallError::Thread)?;
        let (reply, installed) = std::sync::mpsc::sync_channel(1);
        exporter::spawn_thread(move || {
            runtime.block_on(async {
                let (handle, running) = match self.prepare().await {
                    Ok((handle, exporter)) => (Ok(handle), Some(exporter.run())),
                    Err(error) => (Err(error), None),
                };
                // The caller waits for this, and goes on.
                let _ = reply.send(handle);
                if let Some(running) = running {
                    running.await;
                }
            });
        })
        .map_err(InstallError::Thread)?;
        installed
            .recv()
            .unwrap_or_else(|gone| Err(InstallError::Thread(io::Error::other(gone))))
    }

    async fn prepare(mut self) -> Result<(CloudWatchHandle, CloudWatchExporter), InstallError> {
        self.config.validate()?;
        if self.destination.is_none() {
            self.destination = Some(Destination::Client(default_client().await?));
        }
        let (recorder, exporter) = self.build()?;
        metrics::set_global_recorder(recorder).map_err(|_| InstallError::RecorderInstalled)?;
        Ok((exporter.handle(), exporter))
    }
}

/// A client by the SDK's usual chain, with a region and credentials that are there.
#[cfg(feature = "aws-config")]
async fn default_client() -> Result<Client, InstallError> {
    use aws_sdk_cloudwatch::config::ProvideCredentials;

    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    if config.region().is_none() {
        return Err(BuildError::NoRegion.into());
    }
    let credentials = config
        .credentials_provider()
        .ok_or_else(|| InstallError::Credentials("no provider of credentials".into()))?;
    credentials
        .provide_credentials()
        .await
        .map_err(|error| InstallError::Credentials(error.into()))?;
    Ok(Client::new(&config))
}

#[cfg(not(feature = "aws-config"))]
async fn default_client() -> Result<Client, InstallError> {
    Err(InstallError::NoClient)
}

impl std::fmt::Debug for CloudWatchBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudWatchBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
