//! An exporter that runs, with a clock that stands still.

use cloudwatch_local::Local;
use metrics_exporter_cloudwatch::{
    Clock, CloudWatchBuilder, CloudWatchHandle, CloudWatchRecorder, ManualClock, MemorySink,
    MetricDatum,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The full minute at which the clock starts.
pub(crate) fn minute() -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(29_166_667)
}

pub(crate) struct Started {
    pub(crate) recorder: CloudWatchRecorder,
    pub(crate) cloudwatch: CloudWatchHandle,
    pub(crate) clock: ManualClock,
}

impl Started {
    /// Spawns an exporter on the current runtime.
    pub(crate) fn new(builder: CloudWatchBuilder) -> Self {
        Self::by_clock(builder, ManualClock::new(minute()))
    }

    pub(crate) fn by_clock(builder: CloudWatchBuilder, clock: ManualClock) -> Self {
        let (recorder, exporter) = builder
            .with_clock(clock.clone())
            .with_send_jitter(Duration::ZERO)
            .build()
            .unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        Self {
            recorder,
            cloudwatch,
            clock,
        }
    }

    /// Moves the clock, and lets the exporter see it.
    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// Lets the exporter, on this thread, do what it can do now.
    pub(crate) async fn settle(&self) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn record<T>(&self, record: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&self.recorder, record)
    }

    /// Flushes, and expects everything to arrive.
    pub(crate) async fn flush(&self) {
        let report = self.cloudwatch.flush().await.unwrap();
        assert!(report.is_complete(), "{report:?}");
    }
}

/// An exporter to a memory sink.
pub(crate) struct InMemory {
    pub(crate) started: Started,
    pub(crate) sink: MemorySink,
}

impl InMemory {
    pub(crate) fn new(configure: impl FnOnce(CloudWatchBuilder) -> CloudWatchBuilder) -> Self {
        let sink = MemorySink::new();
        let builder = CloudWatchBuilder::new("Test").with_sink(sink.clone());
        Self {
            started: Started::new(configure(builder)),
            sink,
        }
    }

    /// Records, flushes, and gives what arrived.
    pub(crate) async fn data_of(&self, record: impl FnOnce()) -> Vec<MetricDatum> {
        self.started.record(record);
        self.started.flush().await;
        self.sink.take()
    }
}

/// A server whose clock is the exporter's.
pub(crate) async fn local(clock: &ManualClock) -> Local {
    let clock = clock.clone();
    Local::builder()
        .with_clock(move || clock.now())
        .start()
        .await
        .unwrap()
}

/// An exporter to a server, with all the time that a slow machine may need.
pub(crate) fn to(local: &Local) -> CloudWatchBuilder {
    let long = Duration::from_hours(1);
    CloudWatchBuilder::new("Test")
        .with_client(local.client())
        .with_flush_timeout(long)
        .with_request_timeout(long)
}
