//! `install`: a client by the SDK's usual chain, the global recorder, and where the exporter runs.

use crate::control::builder::CloudWatchBuilder;
use crate::control::error::InstallError;
use crate::control::exporter::{self, CloudWatchExporter};
use crate::control::handle::CloudWatchHandle;
use crate::control::recorder::CloudWatchRecorder;
use std::io;
use std::sync::{Arc, Weak};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

impl CloudWatchBuilder {
    /// Installs the global recorder, and starts the exporter on a thread and a runtime of its own: a snapshot never
    /// holds up the application's runtime, and one that is blocked or has ended does not stop the exporter. To run it
    /// elsewhere, [`build`](Self::build) it.
    ///
    /// Without `with_client`, region and credentials come from the SDK's usual chain: environment, profile, SSO,
    /// container, instance. `with_region` and `with_endpoint_url` go before it. A client of your own is checked for a
    /// region and an endpoint; its credentials it does not show. Connections of a client that the application uses, too, belong to the
    /// runtime that opened them, and end with it.
    ///
    /// The client made here uses no connection that idled for more than 3 seconds, as nobody knows whether its other end is
    /// still there. A client of your own does as its HTTP client does, by default up to 90 seconds.
    ///
    /// # Errors
    ///
    /// If a setting is invalid, there is no region or endpoint that can be, there are no credentials or none came within ten
    /// minutes, a global recorder is installed already, or the thread cannot be started.
    pub async fn install(self) -> Result<CloudWatchHandle, InstallError> {
        self.install_with(|recorder| recorder).await
    }

    /// [`install`](Self::install) for where there is no async; blocks this thread until it is done.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install).
    pub fn install_blocking(self) -> Result<CloudWatchHandle, InstallError> {
        self.install_blocking_with(|recorder| recorder)
    }

    /// [`install`](Self::install) with layers: installs what `layers` makes of the recorder, such as a prefix, a filter or
    /// a fanout to other recorders.
    ///
    /// ```no_run
    /// use metrics_exporter_cloudwatch::CloudWatchBuilder;
    /// use metrics_util::layers::{Layer, PrefixLayer};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let cloudwatch = CloudWatchBuilder::new("Shop")
    ///     .install_with(|recorder| PrefixLayer::new("checkout").layer(recorder))
    ///     .await?;
    /// # let _ = cloudwatch;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `layers` is called once at most, on the exporter's thread, after region, credentials and settings were found in
    /// order. It may be called though another global recorder turns out to be installed: what it makes is dropped then.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install). A panic of `layers` is an [`InstallError::Thread`].
    pub async fn install_with<R>(
        self,
        layers: impl FnOnce(CloudWatchRecorder) -> R + Send + 'static,
    ) -> Result<CloudWatchHandle, InstallError>
    where
        R: metrics::Recorder + Sync + 'static,
    {
        let (reply, installed) = oneshot::channel();
        let caller = Arc::new(());
        let weak = Arc::downgrade(&caller);
        // The caller may have gone.
        self.start_thread(weak, layers, |handle| drop(reply.send(handle)))?;
        installed.await.unwrap_or_else(|gone| Err(ended(gone)))
    }

    /// [`install_with`](Self::install_with) for where there is no async; blocks this thread until it is done.
    ///
    /// # Errors
    ///
    /// As [`install_with`](Self::install_with).
    pub fn install_blocking_with<R>(
        self,
        layers: impl FnOnce(CloudWatchRecorder) -> R + Send + 'static,
    ) -> Result<CloudWatchHandle, InstallError>
    where
        R: metrics::Recorder + Sync + 'static,
    {
        let (reply, installed) = std::sync::mpsc::sync_channel(1);
        let caller = Arc::new(());
        self.start_thread(Arc::downgrade(&caller), layers, move |handle| {
            drop(reply.send(handle));
        })?;
        installed.recv().unwrap_or_else(|gone| Err(ended(gone)))
    }

    /// Prepares and runs the exporter on a thread of its own, and tells `reply` once it is installed, or why not.
    /// Nothing is installed if the caller goes before.
    fn start_thread<R>(
        self,
        caller: Weak<()>,
        layers: impl FnOnce(CloudWatchRecorder) -> R + Send + 'static,
        reply: impl FnOnce(Result<CloudWatchHandle, InstallError>) + Send + 'static,
    ) -> Result<(), InstallError>
    where
        R: metrics::Recorder + Sync + 'static,
    {
        let runtime = exporter::runtime().map_err(InstallError::Thread)?;
        let run = move |runtime: Runtime| {
            runtime.block_on(async {
                match self.prepare(&caller, layers).await {
                    Ok((handle, exporter)) => {
                        let running = exporter.run();
                        reply(Ok(handle));
                        running.await;
                    }
                    Err(error) => reply(Err(error)),
                }
            });
        };
        exporter::spawn_thread(runtime, run).map_err(InstallError::Thread)?;
        Ok(())
    }

    async fn prepare<R>(
        self,
        caller: &Weak<()>,
        layers: impl FnOnce(CloudWatchRecorder) -> R,
    ) -> Result<(CloudWatchHandle, CloudWatchExporter), InstallError>
    where
        R: metrics::Recorder + Sync + 'static,
    {
        let ready = self.or_default_client().await?;
        // A journal is read from the first byte to the last, on this thread, which nobody else waits for.
        let (recorder, exporter) = ready.build()?;
        if caller.strong_count() == 0 {
            return Err(InstallError::Thread(io::Error::other(
                "nobody waits for it",
            )));
        }
        metrics::set_global_recorder(layers(recorder))
            .map_err(|_| InstallError::RecorderInstalled)?;
        Ok((exporter.handle(), exporter))
    }
}

/// The thread panicked before it could say anything.
fn ended(gone: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> InstallError {
    InstallError::Thread(io::Error::other(gone))
}

/// Without the feature nothing is looked up.
#[cfg(not(feature = "aws-config"))]
impl CloudWatchBuilder {
    fn or_default_client(self) -> impl Future<Output = Result<Self, InstallError>> {
        let checked = self.validate().map_err(InstallError::from);
        let has_one = !self.destinations.is_empty();
        let ready = checked.and_then(|()| has_one.then_some(self).ok_or(InstallError::NoClient));
        std::future::ready(ready)
    }
}
