//! The hot operations, each in a process of its own.

use crate::calls;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use metrics::{Counter, counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, CloudWatchHandle, Datum, ManualClock, Matcher,
    MetricSettings, SendError, Sent, Sink,
};
use std::array;
use std::hint::black_box;
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

/// Of what was recorded before.
const FLUSHES: u32 = 3;
/// Calls before each of them.
const WARM_UP: usize = 10_000;
/// By handles, of which there are more than 250,000 a second even under callgrind: so many earn shards.
const EARNING: usize = 200_000;
/// Repetitions are a multiple of it, so that all values have their share.
const VALUES: usize = 100;
/// Flushed together, so that what a flush costs by itself hardly counts.
const SERIES: u32 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    CounterHandle,
    GaugeHandle,
    HistogramHandle,
    CounterMacro,
    GaugeMacro,
    HistogramMacro,
    CounterLabels,
    CounterDynamic,
    CounterDropped,
    CounterDescribed,
    Timeit,
    Flush,
}

impl Operation {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CounterHandle => "counter, cached handle",
            Self::GaugeHandle => "gauge, cached handle",
            Self::HistogramHandle => "histogram, cached handle",
            Self::CounterMacro => "`counter!`",
            Self::GaugeMacro => "`gauge!`",
            Self::HistogramMacro => "`histogram!`",
            Self::CounterLabels => "`counter!`, two static labels",
            Self::CounterDynamic => "`counter!`, a dynamic label",
            Self::CounterDropped => "`counter!`, a label that is dropped",
            Self::CounterDescribed => "`counter!`, with unit and description",
            Self::Timeit => "`timeit!`, an empty scope",
            Self::Flush => "a counter that was touched, taken and encoded",
        }
    }

    /// How many times are enough to count, and how many of the operation one time is.
    pub(crate) fn times(self) -> (u32, u32) {
        match self {
            Self::Flush => (20, SERIES),
            _ => (50_000, 1),
        }
    }

    /// In this process, which is to do nothing else.
    pub(crate) fn repeat(self, times: u32) -> Result<()> {
        let exporter = Exporter::start()?;
        let values: [f64; VALUES] = array::from_fn(latency);
        let value = |n: usize| values[n % VALUES];
        match self {
            Self::CounterHandle => {
                let counter = counter!("counter");
                exporter.repeat(times, |_| calls::counter_handle(&counter))
            }
            Self::GaugeHandle => {
                let gauge = gauge!("gauge");
                exporter.repeat(times, |n| calls::gauge_handle(&gauge, value(n)))
            }
            Self::HistogramHandle => {
                let histogram = histogram!("histogram");
                exporter.repeat(times, |n| calls::histogram_handle(&histogram, value(n)))
            }
            Self::CounterMacro => exporter.repeat(times, |_| calls::counter()),
            Self::GaugeMacro => exporter.repeat(times, |n| calls::gauge(value(n))),
            Self::HistogramMacro => exporter.repeat(times, |n| calls::histogram(value(n))),
            Self::CounterLabels => exporter.repeat(times, |_| calls::counter_labels()),
            Self::CounterDynamic => exporter.repeat(times, |_| calls::counter_dynamic("/orders")),
            Self::CounterDropped => {
                let users: [String; VALUES] = array::from_fn(|n| n.to_string());
                exporter.repeat(times, |n| calls::counter_dropped(&users[n % VALUES]))
            }
            Self::CounterDescribed => exporter.repeat(times, |_| calls::counter_described()),
            Self::Timeit => exporter.repeat(times, |_| calls::timeit()),
            Self::Flush => exporter.flush_series(times),
        }
    }
}

/// Takes everything.
struct Nowhere;

impl Sink for Nowhere {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        black_box(batch);
        Ok(Sent::default())
    }
}

/// On this thread, so that it does something only when it is waited for, and under a clock that stands
/// still, so that no window ends in between.
struct Exporter {
    runtime: Runtime,
    handle: CloudWatchHandle,
}

impl Exporter {
    fn start() -> Result<Self> {
        let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let (recorder, exporter) = CloudWatchBuilder::new("Instructions")
            .with_sink("test", Nowhere)
            .with_clock(ManualClock::new(start))
            .with_jitter_seed(1)
            .with_metric_settings(
                Matcher::any(),
                MetricSettings::new().with_dropped_labels(["user"]),
            )
            .build()?;
        metrics::set_global_recorder(recorder)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let handle = exporter.handle();
        runtime.spawn(exporter.run());
        Ok(Self { runtime, handle })
    }

    fn flush(&self) -> Result<()> {
        let report = self.runtime.block_on(self.handle.flush())?;
        ensure!(report.is_complete(), "{report:?}");
        Ok(())
    }

    fn repeat(&self, times: u32, operation: impl Fn(usize)) -> Result<()> {
        // First, so that the thread knows the key by this place of the program.
        operation(0);
        promote();
        for _ in 0..FLUSHES {
            (0..WARM_UP).for_each(&operation);
            self.flush()?;
        }
        counted(|| (0..times as usize).for_each(operation));
        Ok(())
    }

    fn flush_series(&self, times: u32) -> Result<()> {
        let counters: Vec<Counter> = (0..SERIES)
            .map(|n| counter!("counter", "series" => n.to_string()))
            .collect();
        let flush = || {
            for counter in &counters {
                counter.increment(1);
            }
            self.flush()
        };
        (0..FLUSHES).try_for_each(|_| flush())?;
        counted(|| (0..times).try_for_each(|_| flush()))
    }
}

/// What callgrind counts, by this name: what comes before takes more or less, as time has a part in it.
#[inline(never)]
pub(crate) fn counted<R>(run: impl FnOnce() -> R) -> R {
    black_box(run())
}

/// Gives shards to all that is recorded to.
fn promote() {
    let counters = [
        counter!("counter"),
        counter!("counter", "method" => "GET", "route" => "/"),
        counter!("counter", "route" => "/orders"),
    ];
    for counter in counters {
        (0..EARNING).for_each(|_| calls::counter_handle(&counter));
    }
    for histogram in [histogram!("histogram"), histogram!("scope")] {
        (0..EARNING).for_each(|n| calls::histogram_handle(&histogram, latency(n)));
    }
}

/// Over four octaves, in no order.
fn latency(n: usize) -> f64 {
    let n = u32::try_from(n).unwrap_or_default();
    ((f64::from(n) * 0.618_033_988_749_894_9).fract() * 4.0).exp2()
}
