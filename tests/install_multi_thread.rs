//! `install` on a multi-thread runtime; a second recorder in the process is an error.

use cloudwatch_local::Local;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, InstallError, MemorySink};

#[tokio::test(flavor = "multi_thread")]
async fn installs_once() {
    let local = Local::start().await.unwrap();
    let builder = CloudWatchBuilder::new("Test").with_client(local.client());
    let cloudwatch = builder.install().await.unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(local.received()[0].sum(), 2.0);

    let second = CloudWatchBuilder::new("Test").with_sink(MemorySink::new());
    let error = second.install().await.unwrap_err();
    assert!(matches!(error, InstallError::RecorderInstalled), "{error}");
    let second = CloudWatchBuilder::new("Test").with_sink(MemorySink::new());
    let error = second.install_blocking().unwrap_err();
    assert!(matches!(error, InstallError::RecorderInstalled), "{error}");

    counter!("n").increment(3);
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(local.received()[1].sum(), 3.0);
}
