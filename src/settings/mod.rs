//! Validated, immutable settings, and every default.

pub(crate) mod gauge_rule;
pub(crate) mod held_journal;
pub(crate) mod matcher;
pub(crate) mod metric_filter;
pub(crate) mod metric_settings;

use crate::limits::{self, MAX_REQUEST_BYTES, TextFault};
use crate::model::dimension::Dimensions;
use crate::model::name_rules::NameRules;
use crate::model::refusal::Refusal;
use crate::model::storage_resolution::StorageResolution;
use crate::settings::gauge_rule::GaugeRule;
use crate::settings::held_journal::HeldJournal;
use crate::settings::matcher::Matcher;
use crate::settings::metric_filter::MetricFilter;
use crate::settings::metric_settings::{MetricRules, MetricSettings};
use metrics::SharedString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Two hours of 10,000 series, 500 of them histograms of a hundred values: docs/exporter.md has the
/// arithmetic.
pub(crate) const DEFAULT_QUEUE_BYTES: usize = 256 * 1024 * 1024;
/// A few requests, whatever is in them.
const MIN_JOURNAL_BYTES: u64 = 16 * 1024 * 1024;
/// The first ten thousand custom metrics are some $3,000 a month: twice as many are more than most mean to have.
pub(crate) const DEFAULT_MAX_SERIES: usize = 20_000;
pub(crate) const DEFAULT_MAX_NAMES: usize = 2_000;
pub(crate) const DEFAULT_MAX_IN_FLIGHT: usize = 4;
/// A thousand processes with two requests each stay below the 500 in a second that an account has.
pub(crate) const DEFAULT_SEND_JITTER: Duration = Duration::from_secs(5);
pub(crate) const DEFAULT_FLUSH_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

const HOUR: Duration = Duration::from_hours(1);
const MAX_DESTINATION_NAME: usize = 255;

/// Where undelivered data are kept.
#[derive(Clone, Debug)]
pub(crate) struct JournalConfig {
    pub(crate) dir: PathBuf,
    pub(crate) max_bytes: u64,
}

/// Of one destination. What is the exporter's is the same in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) namespace: Arc<str>,
    /// What the log calls it.
    pub(crate) destination: Arc<str>,
    pub(crate) default_dimensions: Arc<Dimensions>,
    /// None where it follows from the other one.
    pub(crate) period: Option<Duration>,
    pub(crate) storage_resolution: Option<StorageResolution>,
    /// Of the metrics, those that the destination takes.
    pub(crate) takes: MetricFilter,
    pub(crate) metrics: Arc<MetricRules>,
    pub(crate) queue_bytes: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) send_jitter: Duration,
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) corrects_clock_skew: bool,
    pub(crate) reports_itself: bool,
    pub(crate) journal: Option<JournalConfig>,
    pub(crate) held_journal: HeldJournal,
    pub(crate) flush_timeout: Duration,
    pub(crate) idle_flush_interval: Option<Duration>,
    pub(crate) max_series: Option<usize>,
    pub(crate) max_names: Option<usize>,
    pub(crate) hidden_labels: Vec<SharedString>,
    pub(crate) gauge_rule: Option<GaugeRule>,
    pub(crate) request_timeout: Duration,
}

impl Config {
    pub(crate) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            destination: "cloudwatch".into(),
            default_dimensions: Arc::default(),
            period: None,
            storage_resolution: None,
            takes: MetricFilter::default(),
            metrics: Arc::default(),
            queue_bytes: DEFAULT_QUEUE_BYTES,
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            send_jitter: DEFAULT_SEND_JITTER,
            jitter_seed: None,
            corrects_clock_skew: true,
            reports_itself: false,
            journal: None,
            held_journal: HeldJournal::default(),
            flush_timeout: DEFAULT_FLUSH_TIMEOUT,
            idle_flush_interval: None,
            max_series: Some(DEFAULT_MAX_SERIES),
            max_names: Some(DEFAULT_MAX_NAMES),
            hidden_labels: Vec::new(),
            gauge_rule: None,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
        }
    }

    /// The length of a window.
    pub(crate) fn period(&self) -> Duration {
        let by_resolution = || self.storage_resolution.unwrap_or_default().period();
        self.period.unwrap_or_else(by_resolution)
    }

    /// How fine data are stored.
    pub(crate) fn storage_resolution(&self) -> StorageResolution {
        let standard = StorageResolution::Standard;
        let by_period = || {
            if self.period() < standard.period() {
                StorageResolution::High
            } else {
                standard
            }
        };
        self.storage_resolution.unwrap_or_else(by_period)
    }

    /// Checks all settings; names by the rules of the sink.
    pub(crate) fn validate(&self, names: &NameRules) -> Result<(), ConfigError> {
        limits::check_namespace(&self.namespace).map_err(|fault| ConfigError::Namespace {
            namespace: self.namespace.as_ref().into(),
            fault,
        })?;
        let defaults = self.default_dimensions.iter();
        let defaults = defaults.map(|(name, value)| (&**name, &**value));
        let checked = names.check_dimensions(defaults);
        checked.map_err(ConfigError::DefaultDimension)?;
        let period = self.period();
        let is_whole = period.subsec_nanos() == 0 && !period.is_zero();
        if !is_whole || !HOUR.as_secs().is_multiple_of(period.as_secs()) {
            return Err(ConfigError::Period(period));
        }
        if !is_destination_name(&self.destination) {
            return Err(ConfigError::DestinationName(
                self.destination.as_ref().into(),
            ));
        }
        if self.queue_bytes < MAX_REQUEST_BYTES {
            return Err(ConfigError::QueueBytes(self.queue_bytes));
        }
        if let Some(journal) = &self.journal
            && journal.max_bytes < MIN_JOURNAL_BYTES
        {
            return Err(ConfigError::JournalBytes(journal.max_bytes));
        }
        if self.max_in_flight == 0 {
            return Err(ConfigError::MaxInFlight);
        }
        if self.request_timeout.is_zero() {
            return Err(ConfigError::RequestTimeout);
        }
        if self
            .idle_flush_interval
            .is_some_and(|interval| interval.is_zero())
        {
            return Err(ConfigError::IdleFlushInterval);
        }
        Ok(())
    }

    pub(crate) fn set_metric(&mut self, matcher: Matcher, settings: MetricSettings) {
        Arc::make_mut(&mut self.metrics).set(matcher, settings);
    }
}

/// Such as a dimension's value may be, and a line of the log.
fn is_destination_name(name: &str) -> bool {
    let is_printable = |c: char| c.is_ascii_graphic() || c == ' ';
    let is_short = name.len() <= MAX_DESTINATION_NAME;
    is_short && name.trim() == name && !name.is_empty() && name.chars().all(is_printable)
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// CloudWatch would not take the namespace.
    #[error("the namespace {namespace:?} {fault}")]
    Namespace {
        /// The namespace.
        namespace: String,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// The sink would not take a default dimension.
    #[error("default dimensions: {0}")]
    DefaultDimension(Refusal),
    /// Windows could not be aligned to the hour.
    #[error("a period of {0:?}: it has to be whole seconds, and a part of an hour")]
    Period(Duration),
    /// The name of a destination.
    #[error(
        "a destination named {0:?}: it has to have 1 to {MAX_DESTINATION_NAME} printable ASCII characters, and no space at its ends"
    )]
    DestinationName(String),
    /// Two destinations have one name.
    #[error("two destinations named {0:?}")]
    SameDestination(String),
    /// Destinations would share the journal's folder.
    #[error(
        "several destinations cannot share a journal: give each a folder of its own by Destination::with_journal"
    )]
    SharedJournal,
    /// The queue could not hold one full request.
    #[error("a queue of {0} bytes is too small for one request of {MAX_REQUEST_BYTES}")]
    QueueBytes(usize),
    /// The journal could not hold a few full requests.
    #[error("a journal of {0} bytes is smaller than {MIN_JOURNAL_BYTES}")]
    JournalBytes(u64),
    /// No request could be made.
    #[error("no request may be in flight")]
    MaxInFlight,
    /// Every scope that closes would be a request.
    #[error("an interval of zero between flushes on idle")]
    IdleFlushInterval,
    /// No request could be made in no time.
    #[error("a request time-out of zero")]
    RequestTimeout,
}
