//! What the log says of an exporter with which all is well: that it started, that the first data were accepted, and that it
//! ended.

use crate::control::shared::SharedPipeline;
use crate::delivery::ledger::Ledger;
use crate::journal::{Recovered, Writer};
use crate::model::cut::line;
use crate::model::sink::AnySink;
use crate::report::stats::Stats;
use crate::settings::Config;
use std::sync::Arc;

/// Of one destination.
pub(crate) struct Milestones {
    destination: Arc<str>,
    namespace: Arc<str>,
    /// Where it sends to, as the sink has it.
    sink: Option<String>,
    /// What the journal has of earlier processes: records, and bytes on disk.
    restored: Option<(usize, u64)>,
    has_accepted: bool,
}

impl Milestones {
    pub(crate) fn new(
        config: &Config,
        sink: &dyn AnySink,
        journal: Option<&(Writer, Recovered)>,
    ) -> Self {
        let restored = journal.map(|(writer, recovered)| (recovered.records.len(), writer.bytes()));
        Self {
            destination: Arc::clone(&config.destination),
            namespace: Arc::clone(&config.namespace),
            sink: sink.describe().map(|place| line(&place)),
            restored,
            has_accepted: false,
        }
    }

    pub(crate) fn started(&self) {
        let (restored_records, restored_bytes) = self.restored.unzip();
        tracing::info!(
            destination = &*self.destination,
            namespace = &*self.namespace,
            sink = self.sink.as_deref(),
            restored_records,
            restored_bytes,
            "the exporter has started"
        );
    }

    /// Something may have been accepted.
    pub(crate) fn look(&mut self, ledger: &Ledger) {
        if self.has_accepted {
            return;
        }
        let mut accepted = ledger.books().account.delivered;
        accepted.add(ledger.books().account.handed_over);
        if accepted.data > 0 {
            self.has_accepted = true;
            tracing::info!(
                destination = &*self.destination,
                data = accepted.data,
                samples = accepted.samples,
                "the first data were accepted"
            );
        }
    }
}

/// It was shut down, or nobody could ask any more.
pub(crate) fn say_end(pipelines: &[SharedPipeline]) {
    let parts = pipelines
        .iter()
        .map(|one| format!("{}: {}", one.name, Stats::of(&one.ledger)));
    let parts: Vec<String> = parts.collect();
    tracing::info!(account = parts.join("; "), "the exporter has ended");
}
