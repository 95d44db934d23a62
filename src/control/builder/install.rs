//! `install`: a client by the SDK's usual chain, the global recorder, and where the exporter runs.

use crate::control::builder::{CloudWatchBuilder, Destination};
use crate::control::error::InstallError;
use crate::control::exporter::{self, CloudWatchExporter};
use crate::control::handle::CloudWatchHandle;
use crate::control::recorder::CloudWatchRecorder;
#[cfg(feature = "put-metric-data")]
use crate::sinks::put_metric_data::by_default_client;
use std::io;

impl CloudWatchBuilder {
    /// Installs the global recorder, and spawns the exporter on the current Tokio runtime.
    ///
    /// Without [`with_client`](Self::with_client), region and credentials come from the SDK's usual
    /// chain: environment, profile, SSO, container, instance. A client of your own is checked for a
    /// region; its credentials it does not show.
    ///
    /// The runtime needs its time and I/O drivers, as `#[tokio::main]` gives it.
    ///
    /// # Errors
    ///
    /// If there is no runtime, a setting cannot be, there is no region, there are no credentials,
    /// or a global recorder is installed already.
    pub async fn install(self) -> Result<CloudWatchHandle, InstallError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| InstallError::NoRuntime)?;
        let (handle, exporter) = self.prepare().await?;
        runtime.spawn(exporter.run());
        Ok(handle)
    }

    /// [`install`](Self::install) for where there is no async: the exporter gets a thread and a
    /// runtime of its own.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install), or if the thread cannot be started.
    pub fn install_blocking(self) -> Result<CloudWatchHandle, InstallError> {
        let runtime = exporter::runtime().map_err(InstallError::Thread)?;
        let (reply, installed) = std::sync::mpsc::sync_channel(1);
        exporter::spawn_thread(move || {
            runtime.block_on(async {
                let (handle, running) = match self.prepare().await {
                    Ok((handle, exporter)) => (Ok(handle), Some(exporter.run())),
                    Err(error) => (Err(error), None),
                };
                // The caller waits for this, and goes on.
                let _ = reply.send(handle);
                if let Some(running) = running {
                    running.await;
                }
            });
        })
        .map_err(InstallError::Thread)?;
        installed
            .recv()
            .unwrap_or_else(|gone| Err(InstallError::Thread(io::Error::other(gone))))
    }

    async fn prepare(mut self) -> Result<(CloudWatchHandle, CloudWatchExporter), InstallError> {
        self.config.validate()?;
        if self.destination.is_none() {
            self.destination = Some(Destination::Later(by_default_client().await?));
        }
        let (recorder, exporter) = self.build_elsewhere().await?;
        metrics::set_global_recorder(recorder).map_err(|_| InstallError::RecorderInstalled)?;
        Ok((exporter.handle(), exporter))
    }

    /// [Builds](Self::build) where it may block: a spool is read from the first byte to the last.
    async fn build_elsewhere(
        self,
    ) -> Result<(CloudWatchRecorder, CloudWatchExporter), InstallError> {
        if self.config.spool.is_none() {
            return Ok(self.build()?);
        }
        let built = tokio::task::spawn_blocking(move || self.build()).await;
        match built.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(built) => Ok(built?),
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // It ended meanwhile.
            Err(Err(_)) => Err(InstallError::NoRuntime),
        }
    }
}

#[cfg(not(feature = "put-metric-data"))]
async fn by_default_client() -> Result<crate::control::builder::SinkMaker, InstallError> {
    Err(InstallError::NoClient)
}
