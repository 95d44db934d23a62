//! An application installs the exporter, and a library that knows nothing of it is timed and counted.

use cloudwatch_local::Local;
use metrics_exporter_cloudwatch::CloudWatchBuilder;
use std::time::Duration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let cloudwatch = CloudWatchBuilder::new("Shop")
        .with_dimension("service", "checkout")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_millis(100))
        .install()
        .await?;

    for country in ["DE", "FR", "XX", "DE"] {
        let quoted = pricing::quote(country, &[1, 2, 3]);
        println!("a quote for {country}: {quoted:?}");
    }

    let report = cloudwatch.shutdown().await?;
    anyhow::ensure!(report.is_complete(), "{report:?}");
    for datum in local.received() {
        println!(
            "{:26} {:?} {} × {}, {} in all",
            datum.metric_name,
            datum.dimensions,
            datum.sample_count(),
            datum.unit.as_deref().unwrap_or("None"),
            datum.sum(),
        );
    }
    Ok(())
}
