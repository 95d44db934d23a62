//! `install_blocking`, where the application has no runtime.

use cloudwatch_local::Local;
use metrics::counter;
use metrics_exporter_cloudwatch::{BuildError, CloudWatchBuilder, InstallError};

#[test]
fn installs_without_a_runtime() {
    // The server's, not the application's.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let local = runtime.block_on(Local::start()).unwrap();

    let error = CloudWatchBuilder::new("AWS/Test")
        .install_blocking()
        .unwrap_err();
    assert!(
        matches!(error, InstallError::Build(BuildError::Config(_))),
        "{error}"
    );

    let builder = CloudWatchBuilder::new("Test").with_client(local.client());
    let cloudwatch = builder.install_blocking().unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.flush_blocking().unwrap().is_complete());
    counter!("n").increment(3);
    assert!(cloudwatch.shutdown_blocking().unwrap().is_complete());
    let sums: Vec<f64> = local
        .received()
        .iter()
        .map(cloudwatch_local::ReceivedDatum::sum)
        .collect();
    assert_eq!(sums, [2.0, 3.0]);
}
