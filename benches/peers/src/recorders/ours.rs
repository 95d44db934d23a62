//! This backend, with its exporter on a thread.

use super::{Delivered, Installed, NAMESPACE};
use anyhow::{Result, ensure};
use aws_sdk_cloudwatch::Client;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, CloudWatchHandle, Matcher, MetricSettings};

struct Ours(CloudWatchHandle);

pub(super) fn install(client: Client) -> Result<impl Installed> {
    let builder = CloudWatchBuilder::new(NAMESPACE).with_client(client);
    // As many series as the peers have.
    let builder = builder
        .with_max_series(None)
        .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
    let (recorder, exporter) = builder.build()?;
    let handle = exporter.handle();
    exporter.run_on_thread()?;
    metrics::set_global_recorder(recorder)?;
    Ok(Ours(handle))
}

impl Installed for Ours {
    fn settle(&self) -> Result<()> {
        let report = self.0.flush().blocking()?;
        ensure!(report.is_complete(), "{report:?}");
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let report = self.0.shutdown().blocking()?;
        ensure!(report.is_complete(), "{report:?}");
        Ok(None)
    }
}
