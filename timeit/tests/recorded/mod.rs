//! What the tests share: a recorder for one closure, and what it got.

#![allow(dead_code)]

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Everything recorded, by `name{key=value,..}`.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) histograms: BTreeMap<String, Vec<f64>>,
    pub(crate) counters: BTreeMap<String, u64>,
    /// Units and descriptions of histograms.
    pub(crate) described: BTreeMap<String, (Option<metrics::Unit>, Option<String>)>,
}

impl Recorded {
    /// How many samples each histogram has.
    pub(crate) fn samples(&self) -> Vec<(&str, usize)> {
        let samples = self.histograms.iter();
        samples
            .map(|(name, values)| (name.as_str(), values.len()))
            .collect()
    }

    pub(crate) fn counts(&self) -> Vec<(&str, u64)> {
        let counts = self.counters.iter();
        counts
            .map(|(name, count)| (name.as_str(), *count))
            .collect()
    }
}

/// Runs it under a recorder of its own.
pub(crate) fn recorded(run: impl FnOnce()) -> Recorded {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, run);
    read(&snapshotter)
}

pub(crate) fn read(snapshotter: &Snapshotter) -> Recorded {
    let mut recorded = Recorded {
        histograms: BTreeMap::new(),
        counters: BTreeMap::new(),
        described: BTreeMap::new(),
    };
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let name = name(key.key());
        match value {
            DebugValue::Histogram(values) => {
                assert_eq!(key.kind(), MetricKind::Histogram);
                let values = values.into_iter().map(Into::into).collect();
                recorded.histograms.insert(name.clone(), values);
                let description = description.map(|text| text.to_string());
                recorded.described.insert(name, (unit, description));
            }
            DebugValue::Counter(count) => {
                recorded.counters.insert(name, count);
            }
            DebugValue::Gauge(_) => unreachable!("nothing here sets gauges"),
        }
    }
    recorded
}

fn name(key: &metrics::Key) -> String {
    let labels: Vec<_> = key
        .labels()
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    if labels.is_empty() {
        return key.name().to_owned();
    }
    format!("{}{{{}}}", key.name(), labels.join(","))
}

/// Polls a future that never waits for anything but its turn.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Some(value) = poll(future.as_mut()) {
            return value;
        }
    }
}

/// Polls once.
pub(crate) fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Gives the others a turn, once.
pub(crate) async fn turn() {
    let mut had = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut had, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(crate) fn is_send<T: Send>(value: T) -> T {
    value
}

/// Whether it panics.
pub(crate) fn panics<R>(run: impl FnOnce() -> R) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
}
