//! What a running exporter and its handles share.

use crate::clock::Clock;
use crate::collect::inbox::Inbox;
use crate::collect::intake::Intake;
use crate::control::handle::Command;
use crate::control::running::Running;
use crate::delivery::ledger::Ledger;
use crate::model::sink::AnySink;
use crate::settings::Config;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) commands: Arc<Inbox<Command>>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) running: Arc<Running>,
}

impl Shared {
    pub(crate) fn new(config: &Config, clock: &Arc<dyn Clock>, sink: &Arc<dyn AnySink>) -> Self {
        let intake = Intake::new(config.clone(), Arc::clone(clock), Arc::clone(sink));
        Self {
            commands: Arc::new(Inbox::new()),
            intake: Arc::new(intake),
            ledger: Arc::default(),
            running: Arc::default(),
        }
    }
}
