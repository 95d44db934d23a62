//! Adds up what snapshots tell, and compares it with what was recorded.

use super::{Flood, NUMBERS};
use metrics::{Key, Label};
use metrics_recording::{Event, MetricKind, Snapshotter, Value};
use std::time::SystemTime;

pub struct Told {
    flood: Flood,
    /// By number, of those that have a series of their own.
    own: Vec<Sums>,
    /// Of the series that stands for all others.
    shared: Sums,
    refused: u64,
    other_counter: Sums,
    other_histogram: Sums,
    wanted: Option<u64>,
    has_name_limit: bool,
}

/// Of a counter its growth, twice. Of a histogram its samples, and their sum. Of a gauge zero, and its last value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub samples: u64,
    pub sum: u64,
}

impl Told {
    /// The name of the series that the flood does not concern.
    pub const OTHERS: &str = "others";

    pub fn new(flood: Flood) -> Self {
        Self {
            flood,
            own: vec![Sums::default(); flood.admitted() as usize],
            shared: Sums::default(),
            refused: 0,
            other_counter: Sums::default(),
            other_histogram: Sums::default(),
            wanted: None,
            has_name_limit: false,
        }
    }

    /// About how many series the flooded metric would have, as it was last told.
    pub fn wanted(&self) -> Option<u64> {
        self.wanted
    }

    /// Takes a snapshot.
    pub fn take(&mut self, snapshotter: &mut Snapshotter) {
        snapshotter.visit(SystemTime::now(), |_| true, |event| self.add(&event));
    }

    fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Point(point) => {
                let sums = self.sums_of(point.series.kind(), point.series.key());
                match point.value {
                    Value::Counter(growth) => sums.add(growth, growth),
                    Value::Histogram(samples) => sums.add(samples.count(), whole(samples.sum())),
                    Value::Gauge { last, .. } => sums.sum = whole(last),
                    value => panic!("{value:?}"),
                }
            }
            Event::Refused {
                reason, samples, ..
            } if self.flood.refusal() == Some(*reason) => {
                self.refused += samples;
            }
            Event::SeriesLimitReached { wanted, .. } => self.wanted = Some(*wanted),
            Event::NameLimitReached { .. } => self.has_name_limit = true,
            event => panic!("{event:?}"),
        }
    }

    fn sums_of(&mut self, kind: MetricKind, key: &Key) -> &mut Sums {
        if key.name() == Self::OTHERS {
            return match kind {
                MetricKind::Counter => &mut self.other_counter,
                _ => &mut self.other_histogram,
            };
        }
        let text = key.labels().next().map_or(key.name(), Label::value);
        match text.trim_start_matches("requests_").parse::<usize>() {
            Ok(number) => &mut self.own[number],
            // The overflow series, or the one that is left without its label.
            Err(_) => &mut self.shared,
        }
    }

    /// `records`: of the flood. `pairs`: of the other series, a record to each. `sum`: of their histogram.
    pub fn assert_exact(&self, records: u64, pairs: u64, sum: u64) {
        for (number, told) in (0..).zip(&self.own) {
            let recorded = self.flood.recorded(number, records);
            assert_eq!(*told, recorded, "{number} of {:?}", self.flood);
        }
        let mut beyond = Sums::default();
        for number in self.flood.admitted()..NUMBERS {
            let recorded = self.flood.recorded(number, records);
            beyond.add(recorded.samples, recorded.sum);
        }
        let expected = match self.flood.refusal() {
            None => (beyond, 0),
            Some(_) => (Sums::default(), beyond.sum),
        };
        assert_eq!((self.shared, self.refused), expected, "{:?}", self.flood);
        let [counter, histogram] = [pairs, sum].map(|sum| Sums {
            samples: pairs,
            sum,
        });
        assert_eq!(
            (self.other_counter, self.other_histogram),
            (counter, histogram)
        );
        let is_estimate = |wanted| (4_500..=1_100_000).contains(&wanted);
        assert_eq!(
            self.wanted.map(is_estimate),
            self.flood.has_series_limit().then_some(true)
        );
        assert_eq!(self.has_name_limit, self.flood == Flood::Names);
    }
}

impl Sums {
    fn add(&mut self, samples: u64, sum: u64) {
        self.samples += samples;
        self.sum += sum;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "asserted"
)]
fn whole(value: f64) -> u64 {
    assert!(
        value.fract() == 0.0 && (0.0..2f64.powi(53)).contains(&value),
        "{value}"
    );
    value as u64
}
