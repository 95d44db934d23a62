//! What is measured, each in a process of its own. A workload's name is what a process is told.

mod calls;
mod cost;
mod delivery;
mod memory;
mod publication;

use crate::measure::Numbers;
use crate::recorders::Recorder;
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// How a call comes to its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Call {
    /// The macro with a name.
    Static,
    /// The macro with a name and two labels, all literals.
    Labels,
    /// The macro with a label of which the `String` is built for each call.
    Dynamic,
    /// A handle that was looked up before.
    Handle,
}

/// What several threads record into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Series {
    Same,
    Own,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) kind: Kind,
    pub(crate) call: Call,
    pub(crate) threads: usize,
    pub(crate) series: Series,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Nanoseconds for a call.
    Cost(Cost),
    /// Bytes for one more counter.
    CounterMemory,
    /// Bytes for one more histogram.
    HistogramMemory,
    /// Bytes for ten million samples in one histogram.
    SampleMemory,
    /// What of a burst arrives.
    Delivery,
    /// What it takes to publish a thousand histograms.
    Publication,
}

impl Workload {
    /// All, in the order of the table.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for &kind in Kind::value_variants() {
            for &call in Call::value_variants() {
                for (threads, series) in [
                    (1, Series::Same),
                    (2, Series::Same),
                    (2, Series::Own),
                    (4, Series::Same),
                    (4, Series::Own),
                ] {
                    all.push(Self::Cost(Cost {
                        kind,
                        call,
                        threads,
                        series,
                    }));
                }
            }
        }
        all.extend([
            Self::CounterMemory,
            Self::HistogramMemory,
            Self::SampleMemory,
            Self::Delivery,
            Self::Publication,
        ]);
        all
    }

    /// Such as `counter/static/2/own`, or `delivery`.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Cost(cost) => format!(
                "{}/{}/{}/{}",
                variant(&cost.kind),
                variant(&cost.call),
                cost.threads,
                variant(&cost.series)
            ),
            Self::CounterMemory => "counter-memory".to_owned(),
            Self::HistogramMemory => "histogram-memory".to_owned(),
            Self::SampleMemory => "sample-memory".to_owned(),
            Self::Delivery => "delivery".to_owned(),
            Self::Publication => "publication".to_owned(),
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self> {
        let mut all = Self::all().into_iter();
        all.find(|workload| workload.name() == name)
            .with_context(|| format!("no workload is called {name}"))
    }

    /// Whether it makes sense for a recorder.
    pub(crate) fn is_for(self, recorder: Recorder) -> bool {
        match self {
            Self::Cost(_) | Self::Delivery | Self::SampleMemory => true,
            // One atomic has no series.
            Self::CounterMemory | Self::HistogramMemory => recorder != Recorder::Floor,
            Self::Publication => recorder.puts_metric_data(),
        }
    }

    /// Runs it in this process, which is to do nothing else.
    pub(crate) fn run(self, recorder: Recorder, endpoint: &str, time: Duration) -> Result<Numbers> {
        let installed = recorder.install(endpoint)?;
        match self {
            Self::Cost(cost) => cost::run(cost, installed.as_ref(), time),
            Self::CounterMemory => memory::counters(),
            Self::HistogramMemory => memory::histograms(),
            Self::SampleMemory => memory::samples(),
            Self::Delivery => delivery::run(installed),
            Self::Publication => publication::run(installed),
        }
    }
}

fn variant(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
