//! Keeps data in memory, for tests.

use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, StatisticSet};
use crate::model::profile::Profile;
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use parking_lot::Mutex;
use std::sync::Arc;

/// Keeps all data it is sent, for tests that look at them. Clones share them.
///
/// Histograms come without loss, as [buckets](crate::RecordedBuckets), unless
/// [`with_max_values`](Self::with_max_values) asks for values. Names have the rules of `PutMetricData`.
///
/// ```
/// use metrics_exporter_cloudwatch::{CloudWatchBuilder, MemorySink};
///
/// fn handle_request() {
///     metrics::counter!("requests", "method" => "GET").increment(1);
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// let (recorder, exporter) = CloudWatchBuilder::new("Test").with_sink("memory", sink.clone()).build()?;
/// let cloudwatch = exporter.handle();
/// exporter.run_on_thread()?;
///
/// metrics::with_local_recorder(&recorder, handle_request);
/// assert!(cloudwatch.flush().blocking()?.is_complete());
///
/// assert_eq!(sink.sum("requests", &[("method", "GET")]), 1.0);
/// # Ok(())
/// # }
/// ```
///
/// For code that is async, spawn [`run`](crate::CloudWatchExporter::run) on a current-thread runtime and
/// hold the guard of [`metrics::set_default_local_recorder`]: both are of one thread.
#[derive(Clone, Debug)]
pub struct MemorySink {
    profile: Profile,
    data: Arc<Mutex<Vec<Datum>>>,
}

impl MemorySink {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes histograms as at most so many values and their counts, 3 at least, instead of buckets: 150 are what
    /// CloudWatch gets.
    #[must_use]
    pub fn with_max_values(mut self, values: usize) -> Self {
        self.profile = self.profile.with_max_values(values);
        self
    }

    /// All data so far, in the order they came.
    pub fn data(&self) -> Vec<Datum> {
        self.data.lock().clone()
    }

    /// Takes all data out.
    pub fn take(&self) -> Vec<Datum> {
        std::mem::take(&mut self.data.lock())
    }

    /// What CloudWatch would compute over all data of a series: its name and exactly these
    /// dimensions, in any order. `None` if there are no data of it.
    pub fn statistics(&self, name: &str, dimensions: &[(&str, &str)]) -> Option<StatisticSet> {
        let data = self.data.lock();
        data.iter()
            .filter(|datum| is_of(datum, name, dimensions))
            .map(|datum| datum.value().statistics())
            .reduce(|all, more| StatisticSet {
                sample_count: all.sample_count + more.sample_count,
                sum: all.sum + more.sum,
                minimum: all.minimum.min(more.minimum),
                maximum: all.maximum.max(more.maximum),
            })
    }

    /// The sum over all data of a series, such as a counter's count; 0 if there are none.
    pub fn sum(&self, name: &str, dimensions: &[(&str, &str)]) -> f64 {
        self.statistics(name, dimensions)
            .map_or(0.0, |statistics| statistics.sum)
    }
}

impl Default for MemorySink {
    fn default() -> Self {
        Self {
            profile: Profile::default().with_buckets(),
            data: Arc::default(),
        }
    }
}

impl Sink for MemorySink {
    fn profile(&self) -> Profile {
        self.profile
    }

    /// There is no encoding, and no bound of it.
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        self.data.lock().extend_from_slice(batch.data());
        Ok(Sent::default())
    }
}

fn is_of(datum: &Datum, name: &str, dimensions: &[(&str, &str)]) -> bool {
    datum.name() == name
        && datum.dimensions().count() == dimensions.len()
        && datum.dimensions().all(|own| dimensions.contains(&own))
}
