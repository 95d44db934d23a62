//! What a running exporter and its handles share.

use crate::clock::Clock;
use crate::collect::inbox::Inbox;
use crate::collect::intake::Intake;
use crate::control::handle::Command;
use crate::control::pipeline::Parts;
use crate::control::running::Running;
use crate::delivery::ledger::Ledger;
use crate::report::self_metrics::Account;
use crate::report::stats::Stats;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) commands: Arc<Inbox<Command>>,
    /// In the order of the destinations.
    pub(crate) pipelines: Arc<[SharedPipeline]>,
    pub(crate) running: Arc<Running>,
}

/// Of one destination.
#[derive(Clone, Debug)]
pub(crate) struct SharedPipeline {
    pub(crate) name: Arc<str>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) has_journal: bool,
}

impl Shared {
    pub(crate) fn new(destinations: &[Parts], clock: &Arc<dyn Clock>) -> Self {
        let pipelines = destinations.iter().map(|parts| {
            let (config, sink) = (parts.config.clone(), Arc::clone(&parts.sink));
            let ledger = Ledger::new(Arc::clone(clock));
            ledger.books().is_journal_held = parts.is_journal_held;
            SharedPipeline {
                has_journal: config.journal.is_some(),
                name: Arc::clone(&config.destination),
                intake: Arc::new(Intake::new(config, Arc::clone(clock), sink)),
                ledger: Arc::new(ledger),
            }
        });
        Self {
            commands: Arc::new(Inbox::new()),
            pipelines: pipelines.collect(),
            running: Arc::new(Running::new(Arc::clone(clock))),
        }
    }

    /// The place of a destination.
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.pipelines.iter().position(|one| *one.name == *name)
    }
}

impl SharedPipeline {
    /// For what the exporter says about itself.
    pub(crate) fn account(&self) -> Account {
        Account {
            destination: Arc::clone(&self.name),
            stats: Stats::of(&self.ledger),
            has_journal: self.has_journal,
        }
    }
}
