//! `install` on a current-thread runtime, after attempts that must fail and install nothing.

use cloudwatch_local::Local;
use metrics::counter;
use metrics_exporter_cloudwatch::{BuildError, CloudWatchBuilder, InstallError, MemorySink};
use std::task::{Context, Poll, Waker};

#[test]
fn installs_after_failures() {
    // Polled by hand, as there is no runtime.
    let install = CloudWatchBuilder::new("Test")
        .with_sink(MemorySink::new())
        .install();
    let polled = std::pin::pin!(install).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err(InstallError::NoRuntime))));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let error = CloudWatchBuilder::new(":").install().await.unwrap_err();
        assert!(
            matches!(error, InstallError::Build(BuildError::Config(_))),
            "{error}"
        );

        let local = Local::start().await.unwrap();
        let builder = CloudWatchBuilder::new("Test").with_client(local.client());
        let cloudwatch = builder.install().await.unwrap();
        counter!("n").increment(2);
        assert!(cloudwatch.shutdown().await.unwrap().is_complete());
        assert_eq!(local.received()[0].sum(), 2.0);
    });
}
