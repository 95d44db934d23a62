//! `CloudWatchBuilder`: the settings.

// First, as rustdoc keeps this order.
mod install;

mod build;
#[cfg(feature = "aws-config")]
mod default_client;
pub(crate) mod destination;
#[cfg(feature = "aws-config")]
mod fresh_connections;
#[cfg(feature = "put-metric-data")]
mod with_client;

use crate::clock::{Clock, SystemClock};
use crate::control::builder::destination::Destination;
use crate::control::collectors::Collect;
use crate::model::sink::Sink;
use crate::model::storage_resolution::StorageResolution;
use crate::settings::gauge_rule::GaugeRule;
use crate::settings::held_journal::HeldJournal;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::settings::{Config, JournalConfig};
use metrics::SharedString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
/// assert!(report.is_complete(), "{report}");
/// # Ok(())
/// # }
/// ```
#[must_use = "call install, install_blocking or build"]
pub struct CloudWatchBuilder {
    config: Config,
    destinations: Vec<Destination>,
    clock: Arc<dyn Clock>,
    collectors: Vec<Collect>,
    #[cfg(feature = "aws-config")]
    default_client: default_client::DefaultClient,
}

impl CloudWatchBuilder {
    /// Starts with the namespace that all metrics go to: 1–255 ASCII characters, none of them a
    /// control character; not starting with a colon, nor with `AWS/`.
    ///
    /// It is checked, like everything else, when the exporter is built or installed.
    pub fn new(namespace: impl AsRef<str>) -> Self {
        Self {
            config: Config::new(namespace.as_ref()),
            destinations: Vec::new(),
            collectors: Vec::new(),
            clock: Arc::new(SystemClock),
            #[cfg(feature = "aws-config")]
            default_client: default_client::DefaultClient::default(),
        }
    }

    /// Adds a dimension to every metric. None by default; as many as the [sink takes](crate::NameRules), 30 with
    /// CloudWatch, those of the metric included.
    ///
    /// A metric's own label of this name wins; one with an empty value takes the dimension away
    /// from that metric. Each combination of dimensions is a metric of its own, and billed so.
    pub fn with_dimension(
        mut self,
        name: impl Into<SharedString>,
        value: impl Into<SharedString>,
    ) -> Self {
        let defaults = Arc::make_mut(&mut self.config.default_dimensions);
        defaults.insert(name.into(), value.into());
        self
    }

    /// How long a window is: a minute by default, or as long as the
    /// [storage resolution](Self::with_storage_resolution) that was set. Whole seconds, and a part of an hour, such as 1, 10,
    /// 60 or 300 seconds; a second means up to sixty times as many requests as a minute.
    pub fn with_period(mut self, period: Duration) -> Self {
        self.config.period = Some(period);
        self
    }

    /// How fine CloudWatch stores the data: by the second if the [period](Self::with_period) is below a minute, and else by
    /// the minute, if it is not set. Where no period is set, it is the period.
    pub fn with_storage_resolution(mut self, resolution: StorageResolution) -> Self {
        self.config.storage_resolution = Some(resolution);
        self
    }

    /// Applies settings to the metrics that a matcher matches. A text matches exactly that name, and [`Matcher::any`]
    /// matches all: what is set for it is the default.
    ///
    /// Each field comes from the most specific matcher that sets the field, whatever the order of calls: see
    /// [`Matcher`]. A second call with the same matcher keeps the fields that it does not set.
    ///
    /// The exporter resolves the settings once for each name and kind, when the metric is first recorded, and once for
    /// each datum that is [put](crate::CloudWatchHandle::put). Matchers cost nothing for each record or window.
    ///
    /// ```
    /// use metrics_exporter_cloudwatch::{CloudWatchBuilder, Guarantee, HistogramForm, Matcher, MetricSettings};
    /// use std::time::Duration;
    ///
    /// let builder = CloudWatchBuilder::new("Shop")
    ///     .with_metric_settings(
    ///         Matcher::any(),
    ///         MetricSettings::new().with_idle_timeout(Some(Duration::from_secs(600))),
    ///     )
    ///     .with_metric_settings(
    ///         Matcher::prefix("db."),
    ///         MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet),
    ///     )
    ///     .with_metric_settings(
    ///         "orders.billed",
    ///         MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
    ///     );
    /// # let _ = builder;
    /// ```
    ///
    /// # Errors
    ///
    /// None: each value that these settings can have is allowed.
    pub fn with_metric_settings(
        mut self,
        matcher: impl Into<Matcher>,
        settings: MetricSettings,
    ) -> Self {
        self.config.set_metric(matcher.into(), settings);
        self
    }

    /// How many requests may be under way at a time: 4 by default, 1 at least. After a failure, and while
    /// the service throttles, it is one at a time.
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.config.max_in_flight = requests;
        self
    }

    /// How long after a window's end its data may be sent, at random, so that a fleet does not send at
    /// the same instant: up to 5 seconds by default, and up to a window at most. Flushes do not wait.
    pub fn with_send_jitter(mut self, longest: Duration) -> Self {
        self.config.send_jitter = longest;
        self
    }

    /// Makes what is random, jitter and backoff, the same in every run, for tests that have to repeat. By
    /// default no two processes are the same; a fleet with one seed would send in step.
    pub fn with_jitter_seed(mut self, seed: u64) -> Self {
        self.config.jitter_seed = Some(seed);
        self
    }

    /// Whether time stamps are corrected where the service's answers say that the exporter's
    /// [clock](Self::with_clock) is off by more than a minute, until it is off by less than half a minute: by default
    /// they are. It is logged either way. Data with a time stamp of their own are left alone. A correction of more than a day
    /// needs two answers that agree, and no answer is believed that is not of the years 2025 to 2054.
    ///
    /// [`PutMetricData`](crate::PutMetricData) tells the service's clock; a sink of your own does so by
    /// [`Attempt::service_clock`](crate::Attempt::service_clock).
    pub fn with_clock_skew_correction(mut self, corrects: bool) -> Self {
        self.config.corrects_clock_skew = corrects;
        self
    }

    /// Whether the exporter publishes its own accounts, too, once in a window: by default it does not. They
    /// are metrics like all others, and billed so: up to fourteen, and one for each reason of refusals.
    ///
    /// | `metrics_exporter_cloudwatch.` and | what |
    /// |---|---|
    /// | `requests`, `attempts.failed`, `attempts.throttled`, `attempts.ambiguous` | how many since the last time, if any |
    /// | `data.delivered`, `data.handed_over`, `data.repeated`, `data.ambiguous`, `data.dropped` | the same |
    /// | `samples.refused`, with the dimension `reason` | the same |
    /// | `journal.lost_records` | the same |
    /// | `queue.bytes`, `journal.bytes` | how much there is, in bytes |
    /// | `queue.age`, `last_success.age` | of the oldest datum that waits, of the last request that went well; in seconds |
    ///
    /// They do not count themselves.
    pub fn with_self_metrics(mut self, publishes: bool) -> Self {
        self.config.reports_itself = publishes;
        self
    }

    /// Keeps undelivered data on disk, too, so that they survive the process: a crash, `kill -9`, and as far
    /// as the disk keeps its word a loss of power. Off by default.
    ///
    /// What is there at the start is sent under its own time stamps, the oldest first. Every request is written
    /// there before it is sent, and deleted when it is settled; what has no room in the queue stays there and is read
    /// back later. The current window is not there yet: it is written when it ends.
    ///
    /// `dir` is a folder, made for this user alone if it is not there; folders above it are made as the process's mask
    /// says. It is opened here, and what its path leads to later does not matter. It belongs to one destination of one
    /// exporter at a time: of several destinations, [each](crate::Destination::with_journal) names a folder of its own,
    /// and each replica has its own, or [goes without](Self::with_held_journal). `max_bytes` is what its files may take,
    /// in blocks of 4 KiB: 16 MiB at least, which is some 16 full requests, with no upper end. Beyond that the oldest
    /// go, and are [reported](crate::Stats::lost_records). For the moment in which what is left of a request
    /// takes its place there are both. Records of a [later version](crate::Stats::later_records) are not counted, and stay.
    ///
    /// After a crash, a request that was under way may or may not have arrived. By [`Guarantee`](crate::Guarantee) it is
    /// sent again, or given up.
    ///
    /// # Errors
    ///
    /// None here. [`build`](Self::build) and [`install`](Self::install) say if `max_bytes` is too small, and if the
    /// folder cannot be made, read, or locked, as another exporter has it ([`JournalError`](crate::JournalError)). What
    /// the file system cannot do at all, such as to sync a folder, is logged once and is no error. A
    /// disk that fails later is logged once, and data go on from memory alone: at once if it is full, and after
    /// half a second if it does not answer; it is tried again. Only with [`Guarantee::AtMostOnce`](crate::Guarantee::AtMostOnce) a request that is
    /// on such a disk waits, as long as nothing can say there that it was begun.
    ///
    /// # Cost
    ///
    /// A file for each request, about as long as the request: written and synced before it is sent, renamed and synced
    /// when that begins, deleted after it. A thread. Up to 17 MiB of memory for what the disk has not taken yet, beside
    /// [`with_queue_bytes`](Self::with_queue_bytes). At the start all records are read once: [`build`](Self::build)
    /// blocks for that, [`install`](Self::install) does not.
    pub fn with_journal(mut self, dir: impl Into<PathBuf>, max_bytes: u64) -> Self {
        let dir = dir.into();
        self.config.journal = Some(JournalConfig { dir, max_bytes });
        self
    }

    /// What is done at the start if another process or exporter has the journal: by default the start fails.
    pub fn with_held_journal(mut self, held: HeldJournal) -> Self {
        self.config.held_journal = held;
        self
    }

    /// How many bytes of memory data may take that wait to be delivered: 256 MiB by default, 1,000,000 at
    /// least. Beyond that the oldest are dropped, and reported, never the newest.
    ///
    /// A counter or a gauge takes 80 bytes for each window in which it has something to say, a histogram 16 more for
    /// each distinct value, of which it has up to 150; a request some 600 beside. A quarter of the bytes is for data of which it
    /// is not known which of them the destination refuses. So the default keeps two hours of 10,000 series, 500 of
    /// them histograms of a hundred values. It is a bound: nothing is taken before it is needed.
    pub fn with_queue_bytes(mut self, bytes: usize) -> Self {
        self.config.queue_bytes = bytes;
        self
    }

    /// How long a flush or a shutdown may wait for deliveries: 10 seconds by default.
    pub fn with_flush_timeout(mut self, timeout: Duration) -> Self {
        self.config.flush_timeout = timeout;
        self
    }

    /// How many series all metrics may have together at a time, each a name with its own labels: 20,000 by default, and
    /// without limit if it is none. Series take memory, and each is a custom metric to CloudWatch, and billed so.
    ///
    /// Beyond the limit, increments of counters and samples of histograms are counted exactly, in one series more for each
    /// metric, with the label `overflow="true"`. Gauges, and counters that are set to a total, mean nothing in a sum:
    /// they are refused as [`Refusal::SeriesLimit`](crate::Refusal::SeriesLimit). The log says once for each metric
    /// which of its labels has most values. Series that are there go on; one that is
    /// [idle](MetricSettings::with_idle_timeout) frees its place. [`MetricSettings::with_max_series`] limits each metric.
    pub fn with_max_series(mut self, series: Option<usize>) -> Self {
        self.config.max_series = series;
        self
    }

    /// How many metrics there may be, each a name and a kind: 2,000 by default, and without limit if it is none. What is
    /// recorded to names beyond it is refused as [`Refusal::NameLimit`](crate::Refusal::NameLimit), as each would have an
    /// overflow series of its own. The log names the first of them.
    pub fn with_max_names(mut self, names: Option<usize>) -> Self {
        self.config.max_names = names;
        self
    }

    /// Leaves labels out of what is sent, as if they had not been recorded: series that differ in nothing else are one
    /// metric of CloudWatch's, which is billed once. None by default; further calls add to the names.
    ///
    /// A label that took the place of a [default dimension](Self::with_dimension) gives it back. Dimensions of an
    /// [`ExplicitDatum`](crate::ExplicitDatum) stay.
    ///
    /// Recording still tells the series apart, so that each takes memory and a place in the
    /// [limits](Self::with_max_series); [dropped labels](MetricSettings::with_dropped_labels) costs less where nobody is to
    /// see the label. Counters and histograms add up exactly. Gauges need a [rule](Self::with_gauge_rule).
    pub fn without_labels<L>(mut self, names: impl IntoIterator<Item = L>) -> Self
    where
        L: Into<SharedString>,
    {
        let names = names.into_iter().map(Into::into);
        self.config.hidden_labels.extend(names);
        self
    }

    /// How gauges become one that differ only in [labels that are left out](Self::without_labels). Without a rule, which
    /// is the default, such gauges are refused as [`Refusal::NoGaugeRule`](crate::Refusal::NoGaugeRule).
    pub fn with_gauge_rule(mut self, rule: GaugeRule) -> Self {
        self.config.gauge_rule = Some(rule);
        self
    }

    /// Also sends what there is whenever the last open scope of the process closes: a
    /// [`timeit!`](metrics_timeit::timeit!) guard, or a function with `#[timeit]` or `#[count]`, on whatever thread.
    /// Off by default.
    ///
    /// The function that ends is not held up. There is at most one such flush in `interval`, which is above zero; those
    /// that would come sooner are put together into one at its end. Each is a request at least, and a
    /// gauge that changes between two of them in a minute is two samples in that minute. What fails is tried
    /// again as ever.
    ///
    /// A scope that never ends, such as a `#[timeit]` on `main` or a guard that was leaked, keeps the process from
    /// ever falling idle: what is recorded is then sent at the window's end, as without this.
    ///
    /// What the exporter's own work times, such as a client or a sink that is timed, opens no scope. Only tasks that these
    /// spawn on the runtime of [`run`](crate::CloudWatchExporter::run) do, unless they use
    /// [`uncounted`](metrics_timeit::uncounted).
    pub fn with_flush_on_idle(mut self, interval: Duration) -> Self {
        self.config.idle_flush_interval = Some(interval);
        self
    }

    /// How long a request to CloudWatch may take: 4 seconds by default, so that a flush has time for a
    /// second attempt. It begins when the request [leaves](crate::Attempt::leaves), as each sink says; credentials are
    /// loaded before that, for ten minutes at most.
    ///
    /// Where nobody answers, a batch has twice the time after every third attempt, up to 30 seconds if that is more.
    ///
    /// This is the one time-out of a request: no read or operation time-out of an SDK client cuts it short or draws it
    /// out, see [`PutMetricData`](crate::PutMetricData).
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.config.request_timeout = timeout;
        self
    }

    /// Sends to this sink, instead of CloudWatch; short for [`with_destination`](Self::with_destination) with a
    /// [`Destination`] that has all the settings of this builder. One that blocks goes into [`Blocking`](crate::Blocking).
    pub fn with_sink(self, name: impl Into<Arc<str>>, sink: impl Sink) -> Self {
        self.with_destination(Destination::new(name, sink))
    }

    /// Adds a destination: what is recorded goes to each of them, by a queue of its own. What the destination does not set
    /// itself is set by this builder, whenever that is called.
    ///
    /// If there is none, metrics go to [CloudWatch](Destination::cloudwatch).
    ///
    /// ```
    /// use metrics_exporter_cloudwatch::{CloudWatchBuilder, Destination, MemorySink};
    /// use std::time::Duration;
    ///
    /// let live = Destination::new("live", MemorySink::new())
    ///     .with_period(Duration::from_secs(1))
    ///     .with_metrics(["orders.open"])
    ///     .without_labels(["host"]);
    /// let builder = CloudWatchBuilder::new("Shop")
    ///     .with_sink("archive", MemorySink::new())
    ///     .with_destination(live);
    /// # let _ = builder.build()?;
    /// # Ok::<(), metrics_exporter_cloudwatch::BuildError>(())
    /// ```
    pub fn with_destination(mut self, destination: Destination) -> Self {
        self.destinations.push(destination);
        self
    }

    /// Calls a function before snapshots, for what must be asked: the size of a pool, a collector of process metrics. May
    /// be called for several functions.
    ///
    /// Each such collector has a thread of its own. It is called when a window ends and before a flush, at most every ten
    /// seconds, and before a shutdown in any case. The snapshot has what the collector records while it is waited for: a
    /// second at most, a tenth of a window, a quarter of the time of a flush. While a call takes longer snapshots go
    /// without it. Delivery goes on meanwhile. A panic is logged once, and stops nothing. A flush within a collector is an
    /// error.
    ///
    /// An exporter whose collector holds its handle or recorder ends by a [shutdown](crate::CloudWatchHandle::shutdown)
    /// alone.
    pub fn on_snapshot<F>(mut self, collect: F) -> Self
    where
        F: FnMut() + Send + 'static,
    {
        let name = std::any::type_name::<F>();
        self.collectors.push((name, Box::new(collect)));
        self
    }

    /// Takes the time from this clock instead of the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl std::fmt::Debug for CloudWatchBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudWatchBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
