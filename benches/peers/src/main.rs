//! What this backend costs beside its neighbours: the same workloads for each, in processes of their own,
//! one table of medians, and the rows in which a peer is ahead. `cargo run --release -p peers`

mod ahead;
mod driver;
mod measure;
mod processor;
mod recorders;
mod rows;
mod table;
mod workloads;

use anyhow::Result;
use clap::{Parser, Subcommand};
use recorders::Recorder;
use std::time::Duration;
use workloads::Workload;

/// Compare recorders of the `metrics` facade; takes about four minutes.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    process: Option<Process>,
    /// One short run of everything, for a first look.
    #[arg(long)]
    quick: bool,
    /// How often everything is run; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only this recorder, and the floor; may be given several times.
    #[arg(long = "recorder")]
    recorders: Vec<Recorder>,
    /// Only workloads with this in their names, as `counter/static`, `/handle/`, `memory` or `publication`.
    #[arg(long, default_value = "")]
    workloads: String,
}

#[derive(Subcommand)]
enum Process {
    /// One workload with one recorder: what the processes are started with.
    #[command(hide = true)]
    Measure {
        #[arg(long)]
        recorder: Recorder,
        #[arg(long)]
        workload: String,
        #[arg(long)]
        endpoint: String,
        #[arg(long)]
        milliseconds: u64,
    },
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(Process::Measure {
        recorder,
        workload,
        endpoint,
        milliseconds,
    }) = options.process
    {
        let time = Duration::from_millis(milliseconds);
        let numbers = Workload::named(&workload)?.run(recorder, &endpoint, time)?;
        print!("{numbers}");
        return Ok(());
    }
    let plan = driver::Plan {
        recorders: options.recorders,
        workloads: options.workloads,
        runs: if options.quick {
            1
        } else {
            options.runs.max(1)
        },
        time: Duration::from_millis(if options.quick { 8 } else { 25 }),
    };
    let measured = driver::run(&plan)?;
    println!("{}\n", table::render(&plan, &measured));
    println!("{}", ahead::render(&plan, &measured));
    Ok(())
}
