//! `Destination`: where metrics go, and what is set for it alone.

use crate::control::error::BuildError;
use crate::model::sink::{AnySink, Sink};
use crate::model::storage_resolution::StorageResolution;
use crate::settings::gauge_rule::GaugeRule;
use crate::settings::held_journal::HeldJournal;
use crate::settings::matcher::Matcher;
use crate::settings::{Config, JournalConfig};
use metrics::SharedString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where metrics go, for [`CloudWatchBuilder::with_destination`](crate::CloudWatchBuilder::with_destination).
///
/// Each destination has windows, a queue, a journal and an account of its own. One that hangs or refuses everything neither
/// delays nor drops the data of the others. All destinations get what was recorded from one snapshot.
///
/// Settings that are not given here come from the builder. Default dimensions, limits of series and
/// [metric settings](crate::MetricSettings) are the same for all.
///
/// # Cost
///
/// A destination takes memory for its queue, and for each series: some 90 bytes, or 650 where labels are left out. Where
/// the sink takes totals it is 700, and a histogram's buckets.
///
/// A destination with longer windows than another one keeps what each snapshot told it until its own window ends; so does a
/// destination while another one is flushed alone. That takes 40 bytes for each series that was recorded to, and a
/// histogram's buckets.
#[derive(Debug)]
#[must_use = "give it to with_destination"]
pub struct Destination {
    name: Arc<str>,
    pub(super) to: To,
    own: Own,
}

/// What sends.
pub(super) enum To {
    /// Or why it cannot be used, which `build` says.
    Sink(Result<Arc<dyn AnySink>, BuildError>),
    /// A client by the SDK's usual chain, once that was asked.
    #[cfg(feature = "aws-config")]
    DefaultClient,
}

/// What is set here; all else is the builder's.
#[derive(Clone, Debug, Default)]
struct Own {
    namespace: Option<Arc<str>>,
    period: Option<Duration>,
    storage_resolution: Option<StorageResolution>,
    metrics: Vec<Matcher>,
    without_metrics: Vec<Matcher>,
    hidden_labels: Option<Vec<SharedString>>,
    gauge_rule: Option<GaugeRule>,
    queue_bytes: Option<usize>,
    journal: Option<JournalConfig>,
    held_journal: Option<HeldJournal>,
    max_in_flight: Option<usize>,
    send_jitter: Option<Duration>,
    request_timeout: Option<Duration>,
    corrects_clock_skew: Option<bool>,
}

impl Destination {
    /// A destination that this sink sends to. Reports, accounts and the log call it by its name: 1 to 255 printable
    /// ASCII characters without a space at the ends, and not the name of another destination. A sink that blocks goes into
    /// [`Blocking`](crate::Blocking).
    pub fn new(name: impl Into<Arc<str>>, sink: impl Sink) -> Self {
        Self::to(name.into(), To::Sink(Ok(Arc::new(sink))))
    }

    /// CloudWatch by the default client, by the name of `cloudwatch`. It is what there is if no other destination is
    /// given; beside others it has to be given.
    #[cfg(feature = "aws-config")]
    pub fn cloudwatch() -> Self {
        Self::to(CLOUDWATCH.into(), To::DefaultClient)
    }

    pub(super) fn to(name: Arc<str>, to: To) -> Self {
        Self {
            name,
            to,
            own: Own::default(),
        }
    }

    /// The [namespace](crate::CloudWatchBuilder::new) of its metrics.
    pub fn with_namespace(mut self, namespace: impl AsRef<str>) -> Self {
        self.own.namespace = Some(namespace.as_ref().into());
        self
    }

    /// How long its [windows](crate::CloudWatchBuilder::with_period) are. A snapshot is taken when the shortest window of
    /// all ends; what a destination with longer ones gains meanwhile waits, and is one datum in the end.
    pub fn with_period(mut self, period: Duration) -> Self {
        self.own.period = Some(period);
        self
    }

    /// How fine its data are [stored](crate::CloudWatchBuilder::with_storage_resolution).
    pub fn with_storage_resolution(mut self, resolution: StorageResolution) -> Self {
        self.own.storage_resolution = Some(resolution);
        self
    }

    /// Takes only metrics that one of these matchers matches, of those that are recorded, that are
    /// [put](crate::CloudWatchHandle::put), and that are [about the exporter](crate::CloudWatchBuilder::with_self_metrics).
    /// By default it takes all; further calls add matchers. A matcher with a kind or a target never matches data that
    /// are put, as those have neither. A metric that no destination takes is not recorded.
    ///
    /// ```
    /// # use metrics_exporter_cloudwatch::{Destination, Matcher, MemorySink};
    /// let few = Destination::new("few", MemorySink::new())
    ///     .with_metrics([Matcher::exact("orders"), Matcher::prefix("db.")]);
    /// # let _ = few;
    /// ```
    pub fn with_metrics<M: Into<Matcher>>(mut self, matchers: impl IntoIterator<Item = M>) -> Self {
        let matchers = matchers.into_iter().map(Into::into);
        self.own.metrics.extend(matchers);
        self
    }

    /// Takes no metric that one of these matchers matches. None by default; further calls add matchers.
    pub fn without_metrics<M: Into<Matcher>>(
        mut self,
        matchers: impl IntoIterator<Item = M>,
    ) -> Self {
        let matchers = matchers.into_iter().map(Into::into);
        self.own.without_metrics.extend(matchers);
        self
    }

    /// Leaves these [labels](crate::CloudWatchBuilder::without_labels) out, instead of those that the builder leaves out:
    /// with an empty list it sees all. Further calls add to the names.
    pub fn without_labels<L>(mut self, names: impl IntoIterator<Item = L>) -> Self
    where
        L: Into<SharedString>,
    {
        let names = names.into_iter().map(Into::into);
        self.own.hidden_labels.get_or_insert_default().extend(names);
        self
    }

    /// How [gauges](crate::CloudWatchBuilder::with_gauge_rule) merge.
    pub fn with_gauge_rule(mut self, rule: GaugeRule) -> Self {
        self.own.gauge_rule = Some(rule);
        self
    }

    /// How many bytes of memory its [queue](crate::CloudWatchBuilder::with_queue_bytes) may take.
    pub fn with_queue_bytes(mut self, bytes: usize) -> Self {
        self.own.queue_bytes = Some(bytes);
        self
    }

    /// Its [journal](crate::CloudWatchBuilder::with_journal). With several destinations each has a folder of its own, which
    /// is given here.
    ///
    /// # Errors
    ///
    /// None here. [`build`](crate::CloudWatchBuilder::build) ends with a [`JournalError`](crate::JournalError) if two
    /// destinations share a folder, and with [`ConfigError::SharedJournal`](crate::ConfigError::SharedJournal) if the
    /// builder's journal would be that of several.
    pub fn with_journal(mut self, dir: impl Into<PathBuf>, max_bytes: u64) -> Self {
        let dir = dir.into();
        self.own.journal = Some(JournalConfig { dir, max_bytes });
        self
    }

    /// What is done if another process or exporter [has its journal](crate::CloudWatchBuilder::with_held_journal).
    pub fn with_held_journal(mut self, held: HeldJournal) -> Self {
        self.own.held_journal = Some(held);
        self
    }

    /// How many [requests](crate::CloudWatchBuilder::with_max_in_flight) may be under way at a time.
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.own.max_in_flight = Some(requests);
        self
    }

    /// How long after a window's end its data [may be sent](crate::CloudWatchBuilder::with_send_jitter).
    pub fn with_send_jitter(mut self, longest: Duration) -> Self {
        self.own.send_jitter = Some(longest);
        self
    }

    /// How long a [request](crate::CloudWatchBuilder::with_request_timeout) may take.
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.own.request_timeout = Some(timeout);
        self
    }

    /// Whether time stamps are [corrected](crate::CloudWatchBuilder::with_clock_skew_correction).
    pub fn with_clock_skew_correction(mut self, corrects: bool) -> Self {
        self.own.corrects_clock_skew = Some(corrects);
        self
    }

    /// The settings that it has beside the builder's.
    pub(super) fn config(&self, of_all: &Config) -> Config {
        let mut config = of_all.clone();
        let own = self.own.clone();
        config.destination = Arc::clone(&self.name);
        // Either may follow from the other.
        if own.period.is_some() || own.storage_resolution.is_some() {
            (config.period, config.storage_resolution) = (own.period, own.storage_resolution);
        }
        config.takes.only = own.metrics;
        config.takes.without = own.without_metrics;
        set(&mut config.namespace, own.namespace);
        set(&mut config.hidden_labels, own.hidden_labels);
        set(&mut config.queue_bytes, own.queue_bytes);
        set(&mut config.max_in_flight, own.max_in_flight);
        set(&mut config.send_jitter, own.send_jitter);
        set(&mut config.request_timeout, own.request_timeout);
        set(&mut config.corrects_clock_skew, own.corrects_clock_skew);
        set(&mut config.held_journal, own.held_journal);
        config.gauge_rule = own.gauge_rule.or(config.gauge_rule);
        config.journal = own.journal.or(config.journal);
        config
    }

    /// Whether it has a journal of its own.
    pub(super) fn has_own_journal(&self) -> bool {
        self.own.journal.is_some()
    }
}

/// By which the default client, and one that is given, are known.
#[cfg(feature = "put-metric-data")]
pub(super) const CLOUDWATCH: &str = "cloudwatch";

fn set<T>(setting: &mut T, own: Option<T>) {
    if let Some(own) = own {
        *setting = own;
    }
}

impl std::fmt::Debug for To {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sink(_) => "Sink",
            #[cfg(feature = "aws-config")]
            Self::DefaultClient => "DefaultClient",
        })
    }
}
