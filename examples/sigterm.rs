//! A service that loses nothing when it is told to end: by Ctrl-C, or by the SIGTERM of systemd, Docker, ECS and
//! Kubernetes, which comes some seconds before a SIGKILL. It needs no AWS account: CloudWatch is `cloudwatch-local`.
//!
//! `cargo run --example sigterm`, then Ctrl-C.

use anyhow::{Result, ensure};
use cloudwatch_local::{Local, ReceivedDatum};
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::CloudWatchBuilder;
use std::io;
use std::time::{Duration, Instant};

/// What is left of the time between SIGTERM and SIGKILL, 30 seconds by default on ECS and Kubernetes, when the
/// service has finished its own work.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<()> {
    let local = Local::start().await?;
    let cloudwatch = CloudWatchBuilder::new("Service")
        .with_client(local.client())
        .install()
        .await?;

    let mut told_to_end = std::pin::pin!(told_to_end()?);
    println!(
        "serving as process {}; end it by SIGTERM or Ctrl-C",
        std::process::id()
    );
    let mut served = 0;
    loop {
        tokio::select! {
            signal = &mut told_to_end => {
                println!("told to end by {signal}");
                break;
            }
            () = serve() => served += 1,
        }
    }

    let report = cloudwatch.shutdown().within(GRACE).await?;
    ensure!(
        report.is_complete(),
        "not everything was delivered: {report}"
    );
    let arrived = local.received();
    let arrived = arrived
        .iter()
        .filter(|datum| datum.metric_name == "requests");
    let arrived: f64 = arrived.map(ReceivedDatum::sum).sum();
    println!("{served} requests served, {arrived} arrived");
    ensure!(arrived == f64::from(served), "some were lost");
    Ok(())
}

/// One request; either all of it is counted, or none.
async fn serve() {
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(10)).await;
    counter!("requests").increment(1);
    histogram!("request.duration").record(start.elapsed());
}

/// From now on, what would end the process is a signal's name to be waited for.
#[cfg(unix)]
fn told_to_end() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
        }
    })
}

#[cfg(windows)]
fn told_to_end() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::windows;

    let (mut shutdown, mut pressed) = (windows::ctrl_shutdown()?, windows::ctrl_c()?);
    Ok(async move {
        tokio::select! {
            _ = shutdown.recv() => "the system's shutdown",
            _ = pressed.recv() => "Ctrl-C",
        }
    })
}
