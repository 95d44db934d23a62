//! What becomes of data on their way, as one stage tells the next.

use crate::model::amount::Amount;
use crate::model::refusal::Refused;

/// The number of all that an earlier process recorded: no flush waits for it.
pub(crate) const RESTORED: u64 = 0;

/// What became of an attempt, or of data that were not attempted any more.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) attempted: Option<Attempted>,
    pub(crate) settled: Vec<Settled>,
    /// Came from the disk, and is pending now.
    pub(crate) loaded: Option<Loaded>,
    /// Entries that were on disk alone, and are gone. What an earlier process recorded has no amount.
    pub(crate) lost: Vec<Settled>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    pub(crate) amount: Amount,
    /// Another process recorded it.
    pub(crate) is_restored: bool,
}

/// Data that this process recorded, and whose fate is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsettled {
    /// The batch's.
    pub(crate) number: u64,
    /// All of them, those about the exporter itself included.
    pub(crate) data: usize,
    pub(crate) amount: Amount,
    /// How much of it has perhaps arrived, and nobody will know if it is not tried again.
    pub(crate) uncertain: Amount,
    /// They are on disk alone.
    pub(crate) is_spooled: bool,
}

/// What the disk has to do with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SpoolUsage {
    pub(crate) bytes: u64,
    pub(crate) writing_bytes: usize,
    /// Entries that another version wrote.
    pub(crate) foreign_entries: usize,
}

/// How data that were queued ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Sent {
        is_repeated: bool,
    },
    /// Nobody says what becomes of them.
    HandedOver {
        is_repeated: bool,
    },
    /// They may have arrived.
    Ambiguous,
    Dropped,
    /// They are on disk alone.
    Spooled,
    Refused(Vec<Refused>),
}

/// Data of one batch that ended in the same way.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    /// The batch's.
    pub(crate) number: u64,
    /// All of them, those about the exporter itself included.
    pub(crate) data: usize,
    pub(crate) amount: Amount,
    pub(crate) ending: Ending,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    Answered,
    Refused,
    Failed,
    Throttled,
    Ambiguous,
}
