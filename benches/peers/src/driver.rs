//! Starts the processes, one after the other, and collects what they say. Runs are interleaved: a machine
//! that is slow for a while is so for all.

use crate::measure::{Numbers, float, median};
use crate::recorders::{COUNTER, HISTOGRAM, Recorder};
use crate::workloads::Workload;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use cloudwatch_local::{Local, ReceivedDatum};
use std::env;
use std::process::Command;
use std::time::Duration;
use tokio::runtime::Runtime;

/// These say the same in each run, or nearly so, and take their time.
const SLOW_RUNS: usize = 3;

pub(crate) struct Plan {
    /// All, if none are named.
    pub(crate) recorders: Vec<Recorder>,
    /// What is in the workloads' names.
    pub(crate) workloads: String,
    pub(crate) runs: usize,
    /// For one measurement.
    pub(crate) time: Duration,
}

impl Plan {
    pub(crate) fn recorders(&self) -> Vec<Recorder> {
        let all = Recorder::value_variants().iter().copied();
        all.filter(|&recorder| {
            self.recorders.is_empty()
                || recorder == Recorder::Floor
                || self.recorders.contains(&recorder)
        })
        .collect()
    }

    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let mut workloads = Workload::all();
        workloads.retain(|workload| workload.name().contains(&self.workloads));
        workloads
    }
}

/// What all processes said.
#[derive(Default)]
pub(crate) struct Measured(Vec<(Workload, Recorder, Numbers)>);

impl Measured {
    /// The median of all runs.
    pub(crate) fn median(
        &self,
        workload: Workload,
        recorder: Recorder,
        number: &str,
    ) -> Option<f64> {
        let of_both = self
            .0
            .iter()
            .filter(|said| said.0 == workload && said.1 == recorder);
        let numbers: Vec<f64> = of_both
            .filter_map(|(_, _, numbers)| numbers.get(number))
            .collect();
        (!numbers.is_empty()).then(|| median(numbers))
    }
}

pub(crate) fn run(plan: &Plan) -> Result<Measured> {
    let runtime = Runtime::new()?;
    let mut measured = Measured::default();
    for run in 0..plan.runs {
        eprintln!("run {} of {}", run + 1, plan.runs);
        for workload in plan.workloads() {
            if run >= SLOW_RUNS && !matches!(workload, Workload::Cost(_)) {
                continue;
            }
            for recorder in plan.recorders() {
                if workload.is_for(recorder) {
                    let numbers = measure(&runtime, workload, recorder, plan.time)
                        .with_context(|| format!("{}, {recorder:?}", workload.name()))?;
                    measured.0.push((workload, recorder, numbers));
                }
            }
        }
    }
    Ok(measured)
}

fn measure(
    runtime: &Runtime,
    workload: Workload,
    recorder: Recorder,
    time: Duration,
) -> Result<Numbers> {
    let local = runtime.block_on(Local::start())?;
    let recorder_name = recorder.to_possible_value().context("it has a name")?;
    let output = Command::new(env::current_exe()?)
        .arg("measure")
        .args(["--recorder", recorder_name.get_name()])
        .args(["--workload", &workload.name()])
        .args(["--endpoint", &local.endpoint()])
        .args(["--milliseconds", &time.as_millis().to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", output.status);
    let mut numbers = Numbers::parse(&String::from_utf8(output.stdout)?)?;
    if recorder.puts_metric_data() {
        add_received(&mut numbers, &local);
    }
    for what in ["counts", "samples"] {
        let all = numbers.get(&format!("recorded {what}"));
        let delivered = numbers.get(&format!("delivered {what}"));
        if let (Some(all), Some(delivered)) = (all, delivered)
            && all > 0.0
        {
            numbers.insert(&format!("share of {what}"), delivered / all);
        }
    }
    Ok(numbers)
}

/// What CloudWatch has to say.
fn add_received(numbers: &mut Numbers, local: &Local) {
    let received = local.received();
    let of = |name: &'static str| {
        received
            .iter()
            .filter(move |datum| datum.metric_name == name)
    };
    let counts = of(COUNTER).map(ReceivedDatum::sum).sum();
    let samples = of(HISTOGRAM).map(ReceivedDatum::sample_count).sum();
    numbers.insert("delivered counts", counts);
    numbers.insert("delivered samples", samples);
    let requests = local.requests();
    let bytes: usize = requests.iter().map(|request| request.wire_bytes).sum();
    numbers.insert("requests", float(requests.len() as u64));
    numbers.insert("wire bytes", float(bytes as u64));
}
