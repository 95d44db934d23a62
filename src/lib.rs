//! A backend for the [`metrics`] facade that publishes to Amazon CloudWatch.
//!
//! A thread that records to a series it knows takes no lock. At the end of every minute one
//! background task takes what was recorded and sends it: counters as their growth, gauges with their last value
//! and the spikes between, histograms as values and counts, so that CloudWatch has percentiles of them. What
//! arrives adds up to what was recorded; what could not be sent is reported, by name and reason.
//!
//! ```no_run
//! use metrics::{counter, gauge, histogram};
//! use metrics_exporter_cloudwatch::CloudWatchBuilder;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let cloudwatch = CloudWatchBuilder::new("Shop")
//!         .with_dimension("service", "checkout")
//!         .install()
//!         .await?;
//!
//!     counter!("requests", "method" => "GET").increment(1);
//!     gauge!("queue.depth").set(7);
//!     histogram!("request.duration").record(11.25);
//!
//!     let report = cloudwatch.shutdown().await?;
//!     assert!(report.is_complete(), "{report}");
//!     Ok(())
//! }
//! ```
//!
//! # What is sent
//!
//! | metric | a window's datum | CloudWatch reads |
//! |---|---|---|
//! | counter | the growth, as one value; nothing if it did not grow | Sum |
//! | gauge | a statistic set of one sample, the last value; again in every window | Average: the last value; Minimum, Maximum: the spikes |
//! | histogram | up to 150 values and their counts | all statistics, percentiles too |
//! | histogram, by [`HistogramForm::StatisticSet`] | count, sum, minimum and maximum | all statistics but percentiles |
//!
//! Count, sum, minimum and maximum are exact. Up to 150 distinct buckets, each value is within
//! 1/128 of what was recorded, and integers up to 256 are themselves; beyond that, neighbours are
//! merged until 150 values are left, which over six decades makes groups of up to 15 %.
//!
//! # Names, dimensions, units
//!
//! - Labels become dimensions; their order is of no matter. A label with an empty value is none,
//!   and takes away a [default dimension](CloudWatchBuilder::with_dimension) of that name. Labels
//!   of one name with different values are refused.
//! - There are at most [20,000 series](CloudWatchBuilder::with_max_series), and
//!   [5,000 of each metric](MetricSettings::with_max_series), unless set. Beyond that, counters and
//!   histograms go on in one series with `overflow="true"`, and gauges are refused. There are at most
//!   [2,000 names](CloudWatchBuilder::with_max_names) of metrics.
//! - [Labels that are dropped](MetricSettings::with_dropped_labels), such as a user id, never become a series.
//!   [Labels that are left out](CloudWatchBuilder::without_labels) of what is sent merge the series that they tell apart.
//! - A metric of one name, of two kinds or with two units, is one metric to CloudWatch: better give
//!   them two names.
//! - Units come from `describe_counter!` and the like, before or after the first use. Where
//!   CloudWatch lacks a unit the values are scaled exactly: nanoseconds to microseconds, kibibytes
//!   to bytes. A counter that nobody described has the unit Count, all else none.
//! - What breaks a rule of the service's, see [`limits`], or of [another sink](NameRules), never leaves. It is counted, logged once
//!   by series and reason, and in the [`FlushReport`] and [`refusals`](CloudWatchHandle::refusals); all else is sent.
//!
//! # Data of your own
//!
//! [`CloudWatchHandle::put`] takes a [`ExplicitDatum`] with a unit, dimensions and a time stamp of its own, and
//! says at once if CloudWatch would not take it. It goes out with all others.
//!
//! # Counters that mirror a total
//!
//! `absolute` publishes growth only: the first total counts in full, as growth from zero, a total
//! that is not greater than the last one not at all. A window's growth has to be below 2^64.
//!
//! # Time
//!
//! A window is a [minute by default](CloudWatchBuilder::with_period), aligned to the clock and stamped with its start. A
//! [flush](CloudWatchHandle::flush) sends what the current window has so far, under the same stamp;
//! CloudWatch adds the data of one stamp up. A gauge that is flushed and changes after that is two
//! samples in that window, so that its Average is between the two.
//!
//! A process that is frozen for more than a window, as on Lambda, publishes what it had recorded before under the
//! window of that time; if it was flushed in that window, what is there when it wakes is taken for what was recorded
//! after it woke. So flush last. A process that was forked has no exporter: its handle says so, and what it
//! records goes nowhere.
//!
//! # Delivery
//!
//! Data that could not be sent wait in a [queue of bounded size](CloudWatchBuilder::with_queue_bytes), and on disk
//! where there is a [journal](CloudWatchBuilder::with_journal), and are sent again under their own time stamps, after
//! pauses that grow up to a minute. Where the service throttles all requests slow down, and none
//! starts before its [`Retry-After`](SendError::Throttled) is over. A datum that the service does not accept is found and
//! refused, and the others of its request are sent.
//!
//! As CloudWatch has no way to tell that it has seen a request before, an answer that was lost on its way makes for
//! data that are counted twice, or not at all: [`Guarantee`] chooses.
//!
//! A [flush](CloudWatchHandle::flush) gives account of all that was recorded before it, a
//! [shutdown](CloudWatchHandle::shutdown) does so within its time whatever the service does, and
//! [`Stats`] since the start. [`health`](CloudWatchHandle::health) says what is wrong and since when, for a readiness probe;
//! the log says it once. Time stamps are corrected where the machine's clock
//! [is off](CloudWatchBuilder::with_clock_skew_correction).
//!
//! # Several destinations
//!
//! Metrics go to [CloudWatch](Destination::cloudwatch), unless a [`Sink`] or other [`Destination`]s are given instead. Each
//! destination has its own period, labels, metrics, queue and journal. One that hangs or refuses everything neither delays
//! nor drops the data of the others. A [flush](CloudWatchHandle::flush_destination) of one does not end the windows of the
//! others. [`Stats::destinations`] and [`FlushReport::destinations`] have the account of each.
//!
//! ```
//! use metrics::counter;
//! use metrics_exporter_cloudwatch::{CloudWatchBuilder, Destination, MemorySink};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (live, archive) = (MemorySink::new(), MemorySink::new());
//! let (recorder, exporter) = CloudWatchBuilder::new("Shop")
//!     // Beside CloudWatch, this would be `.with_destination(Destination::cloudwatch())`, too.
//!     .with_sink("archive", archive.clone())
//!     .with_destination(
//!         Destination::new("live", live.clone())
//!             .with_period(Duration::from_secs(1))
//!             .with_metrics(["orders.open"])
//!             .without_labels(["host"]),
//!     )
//!     .build()?;
//! let cloudwatch = exporter.handle();
//! exporter.run_on_thread()?;
//!
//! metrics::with_local_recorder(&recorder, || counter!("orders.open", "host" => "a").increment(1));
//! println!("{}", cloudwatch.flush().blocking()?); // archive: sent 1, pending 0; live: sent 1, pending 0
//! assert_eq!(live.sum("orders.open", &[]), 1.0);
//! assert_eq!(archive.sum("orders.open", &[("host", "a")]), 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! A sink for a destination that computes increases itself, as OTLP's and Prometheus' do, takes
//! [totals](Profile::with_totals) since a start instead of what each window had.
//!
//! # In tests
//!
//! [`testing::record`] returns what a closure recorded. [`MemorySink`] keeps what it is sent, histograms without loss;
//! [`ManualClock`] is moved by hand, and [`metrics::with_local_recorder`] keeps tests apart. The `cloudwatch-local` crate
//! is a whole CloudWatch for the SDK's client to talk to.
//!
//! # Features
//!
//! - `put-metric-data`, on by default: sends to CloudWatch by the AWS SDK's client. Without it there is no AWS crate
//!   among the dependencies, and [`CloudWatchBuilder::with_sink`] says where data go.
//! - `aws-config`, on by default: [`CloudWatchBuilder::install`] finds region and credentials by
//!   itself. Without it, call `CloudWatchBuilder::with_client`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// The README's code is compiled with the documentation's.
#[cfg(all(doctest, feature = "aws-config"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod clock;
mod collect;
mod control;
mod delivery;
mod journal;
pub mod limits;
mod model;
mod reduce;
mod report;
mod settings;
mod sinks;
pub mod testing;
mod view;

/// The SDK whose clients `CloudWatchBuilder::with_client` and `PutMetricData` take, in the same version.
#[cfg(feature = "put-metric-data")]
pub use aws_sdk_cloudwatch;
pub use clock::{Clock, ManualClock, Sleeping, SystemClock};
pub use collect::explicit_data::{ExplicitDatum, PutError};
pub use control::builder::CloudWatchBuilder;
pub use control::builder::destination::Destination;
pub use control::error::{BuildError, ConfigError, FlushError, InstallError};
pub use control::exporter::CloudWatchExporter;
pub use control::flush_call::Flush;
pub use control::handle::CloudWatchHandle;
pub use control::recorder::CloudWatchRecorder;
pub use journal::JournalError;
pub use metrics_recording::{Bucket, Buckets};
/// Functions, timed and counted; the attributes need it in scope:
/// `use metrics_exporter_cloudwatch::metrics_timeit::{self, attr::{count, timeit}};`.
pub use metrics_timeit;
pub use metrics_timeit::timeit;
pub use model::amount::Amount;
pub use model::attempt::Attempt;
pub use model::batch::Batch;
pub use model::datum::{Datum, DatumValue, StatisticSet, Total, Values};
pub use model::datum_settings::HistogramForm;
pub use model::guarantee::Guarantee;
pub use model::metric_kind::MetricKind;
pub use model::name_rules::{Characters, NameRules};
pub use model::profile::{Confirms, DistributionForm, Profile, Temporality};
pub use model::recorded_buckets::RecordedBuckets;
pub use model::refusal::{Refusal, Refused};
pub use model::send_result::{SendError, Sent};
pub use model::sink::Sink;
pub use model::storage_resolution::StorageResolution;
pub use model::trouble::Trouble;
pub use model::unit::Unit;
pub use report::flush_report::FlushReport;
pub use report::health::Health;
pub use report::stats::Stats;
pub use settings::gauge_rule::GaugeRule;
pub use settings::held_journal::HeldJournal;
pub use settings::matcher::Matcher;
pub use settings::metric_settings::MetricSettings;
pub use sinks::blocking::Blocking;
pub use sinks::memory::MemorySink;
#[cfg(feature = "put-metric-data")]
pub use sinks::put_metric_data::PutMetricData;
