//! `metrics_cloudwatch`, whose future runs on a thread of its own, as its `init_thread` does.

use super::{Delivered, Installed, NAMESPACE};
use anyhow::{Context, Result, anyhow};
use aws_sdk_cloudwatch::Client;
use metrics_cloudwatch::Builder;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

struct MetricsCloudwatch {
    shutdown: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

pub(super) fn install(client: Client) -> Result<impl Installed> {
    let (shutdown, told) = oneshot::channel::<()>();
    let told = Box::pin(async move {
        let _ = told.await;
    });
    let builder = Builder::new()
        .cloudwatch_namespace(NAMESPACE)
        .shutdown_signal(told);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (installed, is_installed) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().spawn(move || {
        runtime.block_on(async move {
            let driver = builder.init_async(client, metrics::set_global_recorder);
            match driver.await {
                Ok(driver) => {
                    let _ = installed.send(Ok(()));
                    driver.await;
                }
                Err(error) => {
                    let _ = installed.send(Err(anyhow!("{error}")));
                }
            }
        });
    })?;
    is_installed.recv().context("its thread ended")??;
    Ok(MetricsCloudwatch { shutdown, thread })
}

impl Installed for MetricsCloudwatch {
    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let _ = self.shutdown.send(());
        self.thread.join().map_err(|_| anyhow!("it panicked"))?;
        Ok(None)
    }
}
