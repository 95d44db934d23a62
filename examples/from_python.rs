//! The examples of the Python library cloudwatch-metrics-buffer, one by one, in Rust.

use cloudwatch_local::Local;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, Datum, StandardUnit, StatisticSet};
use metrics_timeit::attr::{count, timeit};
use std::time::{Duration, SystemTime};

#[count("count_metric1")]
fn func() {}

#[timeit("api")]
#[timeit("api", "HTTP Method" => "GET")]
#[count("requests", "HTTP Method" => "GET")]
#[count("requests")]
fn process_api_request() {
    authenticate();
}

#[timeit("auth")]
#[count("auth requests")]
fn authenticate() {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let cloudwatch = CloudWatchBuilder::new("Some Namespace")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_millis(100))
        .install()
        .await?;

    cloudwatch.put(Datum::value("total_calls", 5.0))?;
    cloudwatch.put(Datum::value("latency", 11.25).with_unit(StandardUnit::Milliseconds))?;
    cloudwatch.put(
        Datum::value("latency", 11.25)
            .with_dimension("HTTP Method", "GET")
            .with_unit(StandardUnit::Milliseconds),
    )?;
    cloudwatch
        .put(Datum::value("home-page", 1.0).at(SystemTime::now() - Duration::from_hours(1)))?;
    cloudwatch.put(Datum::statistic(
        "metric",
        StatisticSet {
            sample_count: 50.0,
            sum: 10_000.0,
            minimum: 0.0,
            maximum: 500.0,
        },
    ))?;
    anyhow::ensure!(cloudwatch.flush().await?.is_complete());

    func();
    process_api_request();

    anyhow::ensure!(cloudwatch.shutdown().await?.is_complete());
    for datum in local.received() {
        println!(
            "{:14} {:?} {:?}",
            datum.metric_name, datum.dimensions, datum.value
        );
    }
    Ok(())
}
