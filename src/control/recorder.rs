//! The recorder of the macros, and how the exporter learns that the last one is gone.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use metrics_recording::Recorder;
use std::convert::Infallible;
use std::fmt;
use tokio::sync::mpsc;

/// Records what the `metrics` macros say, for an exporter to take.
///
/// Made by [`CloudWatchBuilder::build`](crate::CloudWatchBuilder::build), for use with
/// [`metrics::set_global_recorder`], [`metrics::with_local_recorder`] or the layers of
/// `metrics-util`. Clones record to the same series. Once its exporter has ended, or is dropped without
/// having run, new handles do nothing and the series leave memory.
#[derive(Clone)]
pub struct CloudWatchRecorder {
    recorder: Recorder,
    /// Closes when the last clone is gone, which tells the exporter that no more will come.
    _alive: mpsc::Sender<Infallible>,
}

impl CloudWatchRecorder {
    pub(crate) fn new(recorder: Recorder, alive: mpsc::Sender<Infallible>) -> Self {
        Self {
            recorder,
            _alive: alive,
        }
    }
}

impl fmt::Debug for CloudWatchRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatchRecorder").finish_non_exhaustive()
    }
}

impl metrics::Recorder for CloudWatchRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.recorder.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.recorder.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.recorder.register_histogram(key, metadata)
    }
}
