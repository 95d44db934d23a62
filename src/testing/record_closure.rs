//! What a closure records, for tests of code that uses the `metrics` macros.

use metrics::Key;
use metrics_recording::{Buckets, Event, Recorder, RecordingPolicy, Value};
use std::fmt;
use std::time::SystemTime;

/// Runs a closure, and returns what it recorded. It needs no runtime, no exporter and no global recorder, and tests that
/// run at the same time do not see each other's metrics.
///
/// ```
/// use metrics_exporter_cloudwatch::testing;
///
/// fn handle_request() {
///     metrics::counter!("requests", "method" => "GET").increment(1);
///     metrics::gauge!("queue.depth").set(7);
///     metrics::histogram!("request.duration").record(11.25);
/// }
///
/// let recorded = testing::record(handle_request);
/// assert_eq!(recorded.counter("requests", &[("method", "GET")]), 1);
/// assert_eq!(recorded.gauge("queue.depth", &[]), Some(7.0));
/// assert_eq!(recorded.histogram("request.duration", &[]).sum(), 11.25);
/// ```
///
/// # Threads and tasks
///
/// The recorder is of this thread, and of the time in which the closure runs:
///
/// | recorded | part of it |
/// |---|---|
/// | by a macro on this thread, in futures that this thread polls, too | yes |
/// | by a handle that was made so, on any thread, before the closure returns | yes |
/// | by a macro in a task of a current-thread runtime whose `block_on` the closure calls | yes |
/// | by a macro on another thread: `thread::spawn`, `spawn_blocking`, a task of a multi-thread runtime | no: to the global recorder, if there is one |
/// | by a handle that was made before the closure | no: to the recorder that made it |
/// | by a task or a thread after the closure has returned | no |
/// | within a `record` in the closure | no: to the inner one |
///
/// A test that runs on a runtime itself, as by `#[tokio::test]`, cannot call `block_on`: give it a
/// [`MemorySink`](crate::MemorySink).
///
/// # Panics
///
/// If the closure does.
pub fn record(closure: impl FnOnce()) -> Recorded {
    let start = SystemTime::UNIX_EPOCH;
    let (recorder, mut snapshotter) = Recorder::new(SortedLabels, start);
    metrics::with_local_recorder(&recorder, closure);
    let mut heard = Recorded {
        counters: Vec::new(),
        gauges: Vec::new(),
        histograms: Vec::new(),
        refused: 0,
    };
    snapshotter.visit(start, |_| true, |event| heard.hear(&event));
    heard
}

/// Labels in another order are the same series.
struct SortedLabels;

impl RecordingPolicy for SortedLabels {
    fn normalize(&self, key: &Key) -> Option<Key> {
        let labels = key.labels();
        if labels.as_slice().is_sorted() {
            return None;
        }
        let mut sorted = labels.as_slice().to_vec();
        sorted.sort();
        Some(Key::from_parts(key.name_shared(), sorted))
    }
}

/// What a closure [recorded](record), by name and labels: exactly these labels, in any order. Nothing was taken away from
/// it: a label with an empty value is one.
#[derive(Clone)]
pub struct Recorded {
    counters: Vec<(Key, u64)>,
    gauges: Vec<(Key, f64)>,
    histograms: Vec<(Key, Buckets)>,
    refused: u64,
}

impl Recorded {
    /// The increments of a counter, added up; 0 if there were none. `absolute` counts as growth from 0.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        find(&self.counters, name, labels).copied().unwrap_or(0)
    }

    /// The last value of a gauge; none if nothing was recorded to it.
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        find(&self.gauges, name, labels).copied()
    }

    /// The samples of a histogram: count, sum, least and greatest are exact, and each sample is known to 1/128. Empty, if
    /// there were none.
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Buckets {
        let samples = find(&self.histograms, name, labels);
        samples.cloned().unwrap_or_default()
    }

    /// How many samples and updates no exporter would take: values that are not finite, or out of range.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Point(point) => {
                let key = point.series.key().clone();
                match point.value {
                    Value::Counter(growth) => self.counters.push((key, growth)),
                    Value::Gauge { last, .. } => self.gauges.push((key, last)),
                    Value::Histogram(samples) => self.histograms.push((key, samples.clone())),
                    // Of a later version of recording.
                    _ => {}
                }
            }
            Event::Refused { samples, .. } => self.refused += samples,
            _ => {}
        }
    }
}

fn find<'a, T>(all: &'a [(Key, T)], name: &str, labels: &[(&str, &str)]) -> Option<&'a T> {
    let mut asked = labels.to_vec();
    asked.sort_unstable();
    let is_it = |key: &Key| {
        let own = key.labels().map(|label| (label.key(), label.value()));
        key.name() == name && own.eq(asked.iter().copied())
    };
    let found = all.iter().find(|(key, _)| is_it(key));
    found.map(|(_, value)| value)
}

/// One line for each series.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut series = f.debug_map();
        for (key, growth) in &self.counters {
            series.entry(&format_args!("counter {key}"), growth);
        }
        for (key, last) in &self.gauges {
            series.entry(&format_args!("gauge {key}"), last);
        }
        for (key, samples) in &self.histograms {
            let (count, sum) = (samples.count(), samples.sum());
            let text = format_args!("{count} samples, sum {sum}");
            series.entry(&format_args!("histogram {key}"), &text);
        }
        if self.refused > 0 {
            series.entry(&"refused", &self.refused);
        }
        series.finish()
    }
}
