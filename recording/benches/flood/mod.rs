//! The floods: what is recorded, and what snapshots have to tell of it.

#![allow(unreachable_pub, reason = "of a bench")]

mod told;

pub use told::Told;

use crate::subject::{METADATA, key};
use metrics::{Key, Metadata, Recorder};
use metrics_recording::{MetricKind, MetricPolicy, NameId, RecordingPolicy, RefusalReason};
use std::hint::black_box;
use told::Sums;

/// How many values a label has, or how many names there are.
const NUMBERS: u32 = 1_000_000;

/// The limits that the exporter has by default.
pub struct ExporterDefaults;

const MAX_SERIES: usize = 20_000;
const MAX_SERIES_PER_METRIC: u32 = 5_000;
const MAX_NAMES: u32 = 2_000;
/// The other series have two of the names.
const OTHER_NAMES: u32 = 2;

const DROPPED_LABEL: &str = "dropped_label";

impl RecordingPolicy for ExporterDefaults {
    fn metric(&self, _: NameId, _: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
        let policy = MetricPolicy::default().with_max_series(Some(MAX_SERIES_PER_METRIC as usize));
        if key.name() == DROPPED_LABEL {
            return policy.with_dropped_labels(["number"]);
        }
        policy
    }

    fn max_series(&self) -> Option<usize> {
        Some(MAX_SERIES)
    }

    fn max_names(&self) -> Option<usize> {
        Some(MAX_NAMES as usize)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// A counter whose label the policy drops.
    DroppedLabel,
    Counter,
    Histogram,
    Gauge,
    /// Counters without labels.
    Names,
}

impl Flood {
    /// Records to one number after the other, round after round; returns how often.
    pub fn run(self, recorder: &impl Recorder, goes_on: impl Fn() -> bool) -> u64 {
        let (mut records, mut round) = (0, 0);
        loop {
            round += 1;
            for number in 0..NUMBERS {
                if number.is_multiple_of(1_000) && !goes_on() {
                    return records;
                }
                self.record(recorder, number, round);
                records += 1;
            }
        }
    }

    #[inline]
    fn record(self, recorder: &impl Recorder, number: u32, round: u32) {
        let key = match self {
            Self::DroppedLabel => key(DROPPED_LABEL, number as usize),
            Self::Names => Key::from_name(format!("requests_{number}")),
            Self::Counter | Self::Histogram | Self::Gauge => key("requests", number as usize),
        };
        let key = black_box(&key);
        match self {
            Self::DroppedLabel | Self::Counter | Self::Names => {
                let counter = recorder.register_counter(key, &METADATA);
                counter.increment(u64::from(amount(number)));
            }
            Self::Histogram => {
                let histogram = recorder.register_histogram(key, &METADATA);
                histogram.record(f64::from(amount(number)));
            }
            Self::Gauge => {
                let gauge = recorder.register_gauge(key, &METADATA);
                gauge.set(f64::from(round));
            }
        }
    }

    /// How many numbers have a series of their own. They are the first ones, as one thread registers all.
    fn admitted(self) -> u32 {
        match self {
            Self::DroppedLabel => 0,
            Self::Counter | Self::Histogram | Self::Gauge => MAX_SERIES_PER_METRIC,
            Self::Names => MAX_NAMES - OTHER_NAMES,
        }
    }

    /// Why updates beyond the limit are refused, where no series stands for them.
    fn refusal(self) -> Option<RefusalReason> {
        match self {
            Self::DroppedLabel | Self::Counter | Self::Histogram => None,
            Self::Gauge => Some(RefusalReason::SeriesLimit),
            Self::Names => Some(RefusalReason::NameLimit),
        }
    }

    fn has_series_limit(self) -> bool {
        matches!(self, Self::Counter | Self::Histogram | Self::Gauge)
    }

    /// What was recorded to a number, after so many records in all.
    fn recorded(self, number: u32, records: u64) -> Sums {
        let numbers = u64::from(NUMBERS);
        let rounds = records / numbers + u64::from(u64::from(number) < records % numbers);
        let sum = rounds * u64::from(amount(number));
        match self {
            Self::DroppedLabel | Self::Counter | Self::Names => Sums { samples: sum, sum },
            Self::Histogram => Sums {
                samples: rounds,
                sum,
            },
            // Each update is the number of its round.
            Self::Gauge => Sums {
                samples: 0,
                sum: rounds,
            },
        }
    }
}

/// What is recorded to a number each time.
fn amount(number: u32) -> u32 {
    number % 1_000 + 1
}
