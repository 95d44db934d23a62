//! Hashes all files of a directory on several threads, counts and times it, and reads from
//! CloudWatch what arrived. It needs no AWS account: CloudWatch is `cloudwatch-local`.

mod read_back;
mod tally;
mod walk;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::Client;
use clap::Parser;
use cloudwatch_local::Local;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, CloudWatchHandle, FlushReport};
use read_back::Run;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tally::Tally;
use tokio::task::JoinHandle;

/// Hash all files of a directory, and see in CloudWatch how many, how large and how fast.
#[derive(Parser)]
struct Options {
    /// The directory; .git and target are left out.
    #[arg(default_value = env!("CARGO_MANIFEST_DIR"))]
    directory: PathBuf,
    /// How many threads work.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// Send to the AWS account of the environment, which costs a few cents.
    #[arg(long)]
    aws: bool,
    /// Start again every ten seconds, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

const NAMESPACE: &str = "Quickstart";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .init();
    let options = Options::parse();
    let start = SystemTime::now();
    let run = start.duration_since(UNIX_EPOCH)?.as_millis().to_string();

    let local = if options.aws {
        None
    } else {
        Some(Local::start().await?)
    };
    let client = match &local {
        Some(local) => local.client(),
        None => {
            Client::new(&aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await)
        }
    };
    let mut builder = CloudWatchBuilder::new(NAMESPACE).with_dimension("run", run.clone());
    if local.is_some() {
        builder = builder.with_client(client.clone());
    }
    let cloudwatch = builder.install().await?;
    describe_counter!("files", Unit::Count, "files hashed");
    describe_counter!("bytes", Unit::Bytes, "bytes hashed");
    describe_histogram!(
        "file.duration",
        Unit::Milliseconds,
        "time to read and hash a file"
    );
    describe_gauge!(
        "queue.depth",
        Unit::Count,
        "files and directories that wait"
    );

    let run = Run {
        client,
        namespace: NAMESPACE,
        id: run,
        start,
        // CloudWatch shows what it took with a delay.
        patience: if options.aws {
            Duration::from_mins(3)
        } else {
            Duration::ZERO
        },
    };
    let mut recorded = Tally::default();
    // Listens from the start: Ctrl-C in the middle of the work ends the watch after it.
    let mut interrupted = options.watch.then(|| tokio::spawn(tokio::signal::ctrl_c()));
    loop {
        recorded.merge(work(&options).await?);
        let Some(interrupted) = &mut interrupted else {
            break;
        };
        if !again(&cloudwatch, &run, &recorded, interrupted).await? {
            break;
        }
    }
    let report = cloudwatch.shutdown().await?;
    conclude(&run, &recorded, &report).await
}

async fn work(options: &Options) -> Result<Tally> {
    let (directory, threads) = (options.directory.clone(), options.threads.max(1));
    let work = move || walk::hash_all(directory, threads);
    tokio::task::spawn_blocking(work).await?
}

/// Shows what arrived so far, and waits; false on Ctrl-C.
async fn again(
    cloudwatch: &CloudWatchHandle,
    run: &Run,
    recorded: &Tally,
    interrupted: &mut JoinHandle<io::Result<()>>,
) -> Result<bool> {
    let report = cloudwatch.flush().await?;
    let (table, samples) = (run.read(recorded).await?.table(), report.delivered.samples);
    println!("{table}\n{samples} samples sent; again in ten seconds, unless you press Ctrl-C\n");
    Ok(tokio::select! {
        biased;
        pressed = interrupted => {
            pressed?.context("no Ctrl-C to wait for")?;
            false
        }
        () = tokio::time::sleep(Duration::from_secs(10)) => true,
    })
}

/// Compares what was recorded with what arrived.
async fn conclude(run: &Run, recorded: &Tally, report: &FlushReport) -> Result<ExitCode> {
    let arrived = run.read_all(recorded).await?;
    println!("{}", arrived.table());
    let differences = arrived.differences(recorded);
    for difference in &differences {
        println!("differs: {difference}");
    }
    println!(
        "recorded {recorded}; arrived: {}",
        if differences.is_empty() {
            "the same, to the last sample"
        } else {
            "NOT the same"
        }
    );
    if !report.is_complete() {
        println!("the last flush was not complete: {report}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(if differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
