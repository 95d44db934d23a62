//! What the README begins with: a counter, a gauge and a histogram with a unit, sent to CloudWatch, or to a
//! `cloudwatch-local` that `AWS_ENDPOINT_URL_CLOUDWATCH` names.

use metrics::{Unit, counter, describe_histogram, gauge, histogram};
use metrics_exporter_cloudwatch::CloudWatchBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cloudwatch = CloudWatchBuilder::new("Shop")
        .with_dimension("service", "checkout")
        .install()
        .await?;
    describe_histogram!(
        "request.duration",
        Unit::Milliseconds,
        "From accept to answer"
    );

    counter!("requests", "method" => "GET").increment(1);
    gauge!("queue.depth").set(7);
    histogram!("request.duration").record(11.25);

    println!("{}", cloudwatch.shutdown().await?);
    Ok(())
}
