//! What the settings make: a recorder and its exporter.

use super::CloudWatchBuilder;
use super::destination::To;
use crate::control::error::{BuildError, ConfigError};
use crate::control::exporter::CloudWatchExporter;
use crate::control::pipeline::Parts;
use crate::control::recorder::CloudWatchRecorder;
use crate::control::worker::Source;
use crate::journal::{Journal, JournalError, Recovered, Writer};
use crate::model::name_rules::NameRules;
use crate::model::profile::{Profile, Temporality};
use crate::settings::held_journal::HeldJournal;
use crate::settings::{Config, JournalConfig};
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
    /// If a setting is invalid, a journal cannot be opened, or there is no destination with a client or a sink.
    pub fn build(self) -> Result<(CloudWatchRecorder, CloudWatchExporter), BuildError> {
        self.validate()?;
        let configs = self.configs();
        let policy = Arc::new(SeriesPolicy::new(&self.config, &configs));
        let start = self.clock.now();
        let (recorder, snapshotter) = Recorder::new(Arc::clone(&policy), start);
        let mut all = Vec::new();
        for (number, (destination, mut config)) in
            self.destinations.into_iter().zip(configs).enumerate()
        {
            let sink = match destination.to {
                To::Sink(sink) => sink?,
                #[cfg(feature = "aws-config")]
                To::DefaultClient => return Err(BuildError::NoSink),
            };
            let policy = Arc::clone(&policy);
            let (journal, is_journal_held) = open_journal(&config, &sink.profile())?;
            if is_journal_held {
                config.journal = None;
            }
            all.push(Parts {
                view: View::new(policy, number, &config, &sink.profile(), start),
                journal,
                is_journal_held,
                config,
                sink,
            });
        }
        if all.is_empty() {
            return Err(BuildError::NoSink);
        }
        let (alive, recorders) = mpsc::channel(1);
        let recorder = CloudWatchRecorder::new(recorder, alive);
        let source = Source {
            snapshotter,
            policy,
        };
        let exporter = CloudWatchExporter::new(
            self.config,
            source,
            self.clock,
            all,
            self.collectors,
            recorders,
        );
        Ok((recorder, exporter))
    }

    /// Checks what can be without asking others.
    pub(super) fn validate(&self) -> Result<(), BuildError> {
        #[cfg(feature = "aws-config")]
        self.check_default_client()?;
        if self.destinations.is_empty() {
            // The default client's has the builder's settings.
            self.config.validate(&NameRules::default())?;
        }
        let configs = self.configs();
        for (number, (destination, config)) in self.destinations.iter().zip(&configs).enumerate() {
            let names = match &destination.to {
                To::Sink(Ok(sink)) => *sink.profile().name_rules(),
                To::Sink(Err(_)) => NameRules::default(),
                #[cfg(feature = "aws-config")]
                To::DefaultClient => NameRules::default(),
            };
            config.validate(&names)?;
            let others = &configs[..number];
            if others
                .iter()
                .any(|other| other.destination == config.destination)
            {
                let name = config.destination.as_ref().into();
                return Err(ConfigError::SameDestination(name).into());
            }
            let is_shared = configs.len() > 1 && config.journal.is_some();
            if is_shared && !destination.has_own_journal() {
                return Err(ConfigError::SharedJournal.into());
            }
        }
        Ok(())
    }

    /// The settings of each destination.
    fn configs(&self) -> Vec<Config> {
        let all = self.destinations.iter();
        all.map(|one| one.config(&self.config)).collect()
    }
}

/// The journal, and whether another one has it and this exporter goes on without.
fn open_journal(
    config: &Config,
    profile: &Profile,
) -> Result<(Option<(Writer, Recovered)>, bool), JournalError> {
    let Some(JournalConfig { dir, max_bytes }) = &config.journal else {
        return Ok((None, false));
    };
    let (journal, recovered) = match Journal::open(dir, *max_bytes) {
        Err(error @ JournalError::Locked { .. })
            if config.held_journal == HeldJournal::GoWithout =>
        {
            tracing::warn!(
                destination = %config.destination,
                %error,
                "there is no journal until the next start; undelivered data are in memory alone"
            );
            return Ok((None, true));
        }
        opened => opened?,
    };
    // The next total has what one had that had to go.
    let is_cumulative = profile.temporality() == Temporality::Cumulative;
    let writer = Writer::start(journal.keeping_dropped(is_cumulative))?;
    Ok((Some((writer, recovered)), false))
}
