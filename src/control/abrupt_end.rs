//! The end of an exporter that nobody shut down: what it loses is in the ledger, and said in one line.

use crate::control::running::Running;
use crate::control::shared::SharedPipeline;
use crate::model::amount::Amount;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbruptEnd {
    /// It was built, and dropped without `run`.
    NeverRan,
    /// Its future was dropped: with its runtime, by an abort, or before it was ever polled.
    Dropped,
    Panicked,
}

/// What all destinations have given up so far.
#[derive(Clone, Copy)]
pub(crate) struct GivenUp {
    dropped: Amount,
    ambiguous: Amount,
}

impl AbruptEnd {
    pub(crate) fn of(running: &Running) -> Self {
        if running.is_polled() {
            Self::Panicked
        } else if running.is_called() {
            Self::Dropped
        } else {
            Self::NeverRan
        }
    }

    /// Says what was lost since then, and by the panic itself, and what a journal has for the next process.
    pub(crate) fn say(self, before: &GivenUp, pipelines: &[SharedPipeline]) {
        let mut lost = GivenUp::so_far(pipelines);
        lost.dropped.subtract(before.dropped);
        lost.ambiguous.subtract(before.ambiguous);
        let mut kept = Amount::default();
        for one in pipelines {
            kept.add(one.ledger.books().account.pending);
        }
        let (lost_data, lost_samples) = (lost.dropped.data, lost.dropped.samples);
        let (ambiguous_data, ambiguous_samples) = (lost.ambiguous.data, lost.ambiguous.samples);
        let (journaled_data, journaled_samples) = (kept.data, kept.samples);
        match self {
            Self::Panicked => tracing::error!(
                lost_data,
                lost_samples,
                ambiguous_data,
                ambiguous_samples,
                journaled_data,
                journaled_samples,
                "the exporter's task panicked; nothing is sent any more"
            ),
            Self::Dropped => tracing::warn!(
                lost_data,
                lost_samples,
                ambiguous_data,
                ambiguous_samples,
                journaled_data,
                journaled_samples,
                "the exporter's task ended with its runtime, or was aborted; nothing is sent any more"
            ),
            // Where `install` fails nothing is lost, and the error says why.
            Self::NeverRan if lost.dropped.is_zero() => {}
            Self::NeverRan => tracing::warn!(
                lost_data,
                lost_samples,
                journaled_data,
                journaled_samples,
                "the exporter was dropped before it ran; what was recorded is lost"
            ),
        }
    }
}

impl GivenUp {
    /// Before the end, and before the panic that brought it.
    pub(crate) fn before(pipelines: &[SharedPipeline]) -> Self {
        let mut before = Self::so_far(pipelines);
        for one in pipelines {
            before.dropped.subtract(one.ledger.books().unqueued);
        }
        before
    }

    fn so_far(pipelines: &[SharedPipeline]) -> Self {
        let mut all = Self {
            dropped: Amount::default(),
            ambiguous: Amount::default(),
        };
        for one in pipelines {
            let account = one.ledger.books().account;
            all.dropped.add(account.dropped);
            all.ambiguous.add(account.ambiguous);
        }
        all
    }
}
