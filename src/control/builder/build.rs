//! What the settings make: a recorder and its exporter.

use super::CloudWatchBuilder;
use crate::control::error::BuildError;
use crate::control::exporter::CloudWatchExporter;
use crate::control::recorder::CloudWatchRecorder;
use crate::journal::{Journal, Writer};
use crate::model::name_rules::NameRules;
use crate::settings::JournalConfig;
use crate::view::{SeriesPolicy, View};
use metrics_recording::Recorder;
use std::sync::Arc;
use tokio::sync::mpsc;

impl CloudWatchBuilder {
    /// Makes a recorder and an exporter, and touches neither a runtime nor the network, and the disk only for a
    /// [journal](Self::with_journal): for layers, for [`metrics::with_local_recorder`], or for a runtime of your own.
    ///
    /// # Errors
    ///
    /// If a setting is invalid, the journal cannot be opened, or neither [`with_client`](Self::with_client) nor
    /// [`with_sink`](Self::with_sink) was called.
    pub fn build(self) -> Result<(CloudWatchRecorder, CloudWatchExporter), BuildError> {
        self.validate()?;
        let sink = self.sink.unwrap_or(Err(BuildError::NoSink))?;
        let journal = match &self.config.journal {
            None => None,
            Some(JournalConfig { dir, max_bytes }) => {
                let (journal, recovered) = Journal::open(dir, *max_bytes)?;
                Some((Writer::start(journal)?, recovered))
            }
        };
        let policy = Arc::new(SeriesPolicy::new(&self.config));
        let (recorder, snapshotter) = Recorder::new(Arc::clone(&policy), self.clock.now());
        let view =
            View::new(snapshotter, policy, *sink.profile().name_rules()).projected(&self.config);
        let (alive, recorders) = mpsc::channel(1);
        let recorder = CloudWatchRecorder::new(recorder, alive);
        let exporter = CloudWatchExporter::new(
            self.config,
            view,
            self.clock,
            sink,
            journal,
            self.collectors,
            recorders,
        );
        Ok((recorder, exporter))
    }

    /// Checks what can be without asking others.
    pub(super) fn validate(&self) -> Result<(), BuildError> {
        #[cfg(feature = "aws-config")]
        if self.sink.is_some() && !self.default_client.is_untouched() {
            return Err(BuildError::NotForOwnClient);
        }
        Ok(self.config.validate(&self.name_rules())?)
    }

    /// Those of the sink; what `install` makes is `PutMetricData`.
    fn name_rules(&self) -> NameRules {
        match &self.sink {
            Some(Ok(sink)) => *sink.profile().name_rules(),
            Some(Err(_)) | None => NameRules::default(),
        }
    }
}
