//! An application installs the exporter, and a library that knows nothing of it is timed and counted.

use cloudwatch_local::Local;
use metrics_exporter_cloudwatch::CloudWatchBuilder;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the quotes below are in CloudWatch: the series, its unit, and how often it was.
const EXPECTED: [(&str, &str, f64); 6] = [
    ("pricing.quote outcome=error", "Milliseconds", 1.0),
    ("pricing.quote outcome=ok", "Milliseconds", 3.0),
    ("pricing.quotes country=DE", "Count", 2.0),
    ("pricing.quotes country=FR", "Count", 1.0),
    ("pricing.quotes country=XX", "Count", 1.0),
    ("pricing.unknown_countries", "Count", 1.0),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let cloudwatch = CloudWatchBuilder::new("Shop")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_millis(100))
        .install()
        .await?;

    for country in ["DE", "FR", "XX", "DE"] {
        let quoted = pricing::quote(country, &[1, 2, 3]);
        println!("a quote for {country}: {quoted:?}");
    }

    let report = cloudwatch.shutdown().await?;
    anyhow::ensure!(report.is_complete(), "{report}");

    // Whenever they were published: a series may have come in parts.
    let mut arrived = BTreeMap::new();
    for datum in local.received() {
        let dimensions = datum.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| format!(" {name}={value}"));
        let series = datum.metric_name.clone() + &dimensions.collect::<String>();
        let is_time = datum.unit.as_deref() == Some("Milliseconds");
        let number = if is_time {
            datum.sample_count()
        } else {
            datum.sum()
        };
        let (_, so_far) = arrived.entry(series).or_insert((datum.unit.clone(), 0.0));
        *so_far += number;
    }
    for (series, (unit, number)) in &arrived {
        println!(
            "{series:28} {number} × {}",
            unit.as_deref().unwrap_or("None")
        );
    }
    let arrived = arrived.iter();
    let arrived = arrived.map(|(series, (unit, number))| {
        (series.as_str(), unit.as_deref().unwrap_or("None"), *number)
    });
    assert_eq!(arrived.collect::<Vec<_>>(), EXPECTED);
    Ok(())
}
